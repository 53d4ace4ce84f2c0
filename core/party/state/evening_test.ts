import assert from "node:assert/strict";
import type { WaveStatus } from "../../plugin/plugin.ts";
import { Evening } from "./evening.ts";
import type { Party } from "./party_folder.ts";
import { equalPlan, readPartyPlan } from "./party_plan.ts";
import { Wins } from "./wins.ts";

const NOW_MS = Date.UTC(2026, 1, 16, 20);
const YEAR_MS = 365 * 86_400_000;

const PARTY = {
  id: "p",
  plan: readPartyPlan(
    equalPlan({
      name: "Evening",
      sponsors: ["Tea"],
      budgetYuan: 30,
      packets: 30,
      waves: 3,
      waveSeconds: 60,
      perGuest: 3,
      guests: 9,
      language: "en" as const,
    }),
    "party",
  ),
} as Party;

type State = readonly [state: WaveStatus["state"], startMs: number];

function evening(...states: readonly State[]): Evening {
  return eveningOf(new Wins("nowhere"), ...states);
}

function eveningOf(wins: Wins, ...states: readonly State[]): Evening {
  const made = new Evening(PARTY, wins);
  made.waves = states.map(([state, startMs], i) => ({
    wave: Evening.nameOf(i),
    state,
    start: new Date(startMs).toISOString(),
    end: new Date(startMs + 60_000).toISOString(),
  }));
  return made;
}

Deno.test("where an evening stands follows from what its waves do", () => {
  const away = ["planned", NOW_MS + YEAR_MS] as const;
  const seen = (made: Evening) => {
    const { phase, wave, startMs, endMs, packetsLeft } = made.news(NOW_MS, 2, 1);
    const inS = (ms: number | null) => ms === null ? null : (ms - NOW_MS) / 1000;
    return [phase, wave, inS(startMs), inS(endMs), packetsLeft];
  };
  assert.deepEqual(seen(evening(away, away, away)), ["lobby", 1, null, null, 30]);
  assert.deepEqual(seen(evening(["planned", NOW_MS + 3_600_000], away, away)), ["lobby", 1, 3_600, null, 30]);
  assert.deepEqual(seen(evening(["planned", NOW_MS + 5_000], away, away)), ["countdown", 1, 5, 65, 30]);
  const playing = ["playing", NOW_MS - 5_000] as const;
  assert.deepEqual(seen(evening(playing, away, away)), ["wave", 1, -5, 55, 30]);
  assert.deepEqual(seen(evening(["paused", NOW_MS - 5_000], away, away)), ["paused", 1, -5, null, 30]);
  const over = ["over", NOW_MS - 90_000] as const;
  assert.deepEqual(seen(evening(over, away, away)), ["rest", 2, null, null, 20]);
  assert.deepEqual(seen(evening(over, ["stopped", NOW_MS - 9_000], playing)), ["wave", 3, -5, 55, 10]);
  assert.deepEqual(seen(evening(over, over, over)), ["rest", 4, null, null, 0]);
  const ending = evening(over, away, away);
  ending.closingUntilMs = NOW_MS + 30_000;
  assert.deepEqual(seen(ending).slice(0, 4), ["closing", 2, null, 30]);
  ending.hasEnded = true;
  assert.equal(seen(ending)[0], "ended");
  assert.deepEqual(ending.openWaves, ["wave-2", "wave-3"]);
});

Deno.test("what is left is of this wave and those to come, less what is won of them", () => {
  const { tickets } = evening();
  const all = tickets.from(1);
  const ids = Array.from({ length: 30 }, (_, i) => i + 1);
  const [first, second] = [0, 1].map((wave) => ids.find((id) => tickets.waveOf(id) === wave)!);
  const won = [{ packetId: first, amountFen: 70 }, { packetId: second, amountFen: 30 }];
  const wins = { count: 2, wonFen: 100, all: won } as unknown as Wins;
  const states: State[] = [["over", NOW_MS - 90_000], ["playing", NOW_MS], ["planned", NOW_MS + YEAR_MS]];
  const seen = eveningOf(wins, ...states);
  const { packetsLeft, leftFen, wonFen } = seen.news(NOW_MS, 2, 2);
  assert.deepEqual([packetsLeft, leftFen, wonFen], [all.packets - 1, all.amountFen - 30, 100]);
});

Deno.test("news have no names of guests, and say what is for everybody", () => {
  const news = evening(["planned", NOW_MS]).news(NOW_MS, 7, 5);
  assert.deepEqual([news.guests, news.online, news.name, news.sponsors, news.perGuest], [7, 5, "Evening", [
    "Tea",
  ], 3]);
});
