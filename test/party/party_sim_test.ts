/** 200 guests and ten minutes in virtual time: whatever happens, the list of winners is what the ledger says. */
import assert from "node:assert/strict";
import { ManualClock } from "../../core/base/clock.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { ROW_FIELDS, RowField } from "../../core/ledger/record/entry_rows.ts";
import { TruthReader } from "../../core/ledger/store/truth_reader.ts";
import { endParty } from "../../core/party/ending.ts";
import { Guests } from "../../core/party/state/guests.ts";
import { PartyFolder } from "../../core/party/state/party_folder.ts";
import { equalPlan, readPartyPlan, ticketPlan } from "../../core/party/state/party_plan.ts";
import { Tokens } from "../../core/token/token.ts";
import { readTokenKeys } from "../../core/token/token_keys.ts";
import { WALL_MS } from "../seed/seed_world.ts";
import { PartySimWorld, SimGuest } from "./party_sim_world.ts";

const GUESTS = 200;
const PER_GUEST = 3;
const MINUTE_MS = 60_000;

/** What the rows of a ledger say, read without any of the party's code: by packet its user, amount and whether it is open. */
function ledgerRows(directory: string) {
  const awards = new Map<number, { user: number; amountFen: number; isOpen: boolean }>();
  const truth = new TruthReader(directory);
  truth.read(0, ({ values, count }) => {
    for (let at = 0; at < count * ROW_FIELDS; at += ROW_FIELDS) {
      const packetId = values[at + RowField.packetId];
      const user = values[at + RowField.user];
      const amountFen = values[at + RowField.amount];
      if (values[at + RowField.kind] === EntryKind.award) {
        awards.set(packetId, { user, amountFen, isOpen: false });
      } else if (values[at + RowField.kind] === EntryKind.open) awards.get(packetId)!.isOpen = true;
    }
  });
  truth.close();
  return awards;
}

Deno.test("200 guests, ten minutes, cuts and a killed server: the winners' list is the ledger's", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const plan = readPartyPlan(
      equalPlan({
        name: "Evening",
        sponsors: ["Tea", "Bank"],
        budgetYuan: 800,
        packets: 400,
        waves: 3,
        waveSeconds: 60,
        perGuest: PER_GUEST,
        guests: GUESTS,
        language: "en" as const,
      }),
      "party",
    );
    const party = PartyFolder.make(`${folder}/party`, plan, undefined, WALL_MS);
    const { code, id } = party.party;
    const guests = new Guests({ path: party.guests, code, most: GUESTS });
    const tokenRules = { keys: readTokenKeys(party.tokenKeys, "keys"), event: id };
    const tokens = new Tokens(tokenRules);
    using world = new PartySimWorld(party, tokenRules, ticketPlan(plan), 1);
    for (let i = 0; i < GUESTS; i++) {
      const guest = guests.join(`Guest ${i % 50}`, code, WALL_MS);
      assert.ok(typeof guest === "object");
      const token = tokens.make(guest.user, WALL_MS + 1e9).toHex();
      // One in twenty puts the phone away with a packet that is sealed.
      world.guests.push(new SimGuest(world, guest.user, guest.name, token, i % 20 !== 0));
    }
    assert.equal(guests.join("One more", code, WALL_MS), "full");
    const clock = new ManualClock();
    const playedMs = () => world.network.clock.monotonicMs();
    const untilMinute = (minute: number) => world.play(minute * MINUTE_MS - playedMs());

    await world.play(10_000);
    let deaf = 0;
    // The news of every fifth guest stand still: the server itself tells them when to shake.
    for (const guest of world.guests) guest.isDeaf = guest.state.news !== undefined && ++deaf % 5 === 0;
    await world.order("move", { wave: "wave-1", inS: 5 });
    const firstWaveMs = playedMs() + 5_000;
    await world.play(20_000);
    for (const { firstShakeMs } of world.guests) {
      const lateMs = firstShakeMs.get(1)! - firstWaveMs;
      assert.ok(lateMs >= -100 && lateMs < 3_000, `the first shake comes ${lateMs} ms after the wave began`);
    }
    world.phones.cut();
    for (const guest of world.guests) guest.isDeaf = false;
    await untilMinute(3);
    await world.order("move", { wave: "wave-2", inS: 5 });
    await world.play(25_000);
    world.kill();
    await world.play(4_000);
    world.start();
    await untilMinute(6);
    await world.order("move", { wave: "wave-3", inS: 5 });
    await world.play(15_000);
    await world.order("pause", { wave: "wave-3" });
    await world.play(10_000);
    await world.order("resume", { wave: "wave-3" });
    await untilMinute(10);
    world.kill();

    clock.stepWall(Math.ceil(world.network.clock.wallMs()) - clock.wallMs());
    const end = endParty(party, guests, clock);
    assert.deepEqual(end.problems, []);
    const rows = ledgerRows(party.ledger);
    const listed = Deno.readTextFileSync(end.csv).trim().split("\r\n").slice(1).map((line) => {
      const [user, , packetId, , , amountFen, state] = line.split(",");
      return [Number(packetId), Number(user), Number(amountFen), state === "won"];
    });
    const fromLedger = [...rows].map(([packetId, { user, amountFen, isOpen }]) =>
      [packetId, user, isOpen ? amountFen : 0, isOpen] as const
    );
    const byPacket = (a: readonly unknown[], b: readonly unknown[]) => Number(a[0]) - Number(b[0]);
    assert.deepEqual(listed.sort(byPacket), fromLedger.sort(byPacket));

    // What each guest has seen is what is theirs, each packet told once, and nobody has more than they may.
    let sealed = 0;
    for (const [i, { state, told }] of world.guests.entries()) {
      const theirs = fromLedger.filter(([, user]) => user === i + 1);
      assert.ok(theirs.length <= PER_GUEST);
      assert.deepEqual(
        state.packets.map(({ packetId, amountFen, seal }) => [
          packetId,
          i + 1,
          seal === "open" ? amountFen : 0,
          seal === "open",
        ]).sort(byPacket),
        theirs,
        `guest ${i + 1}`,
      );
      assert.equal(told, theirs.length);
      sealed += theirs.filter(([, , , isOpen]) => !isOpen).length;
    }
    assert.ok(rows.size > 300, `${rows.size} packets were won`);
    assert.ok(sealed > 0, "some packets were never opened");
    assert.equal(end.wonFen + end.returnedFen, end.budgetFen);
    const again = endParty(party, guests, clock);
    assert.deepEqual({ ...again }, { ...end }, "ending it again changes nothing");
    guests.close();
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
