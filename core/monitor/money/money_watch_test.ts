import assert from "node:assert/strict";
import { PLACE_COLUMNS } from "../../ledger/record/money_columns.ts";
import type { PlaceSums } from "./money_places.ts";
import type { MoneyView } from "./money_view.ts";
import { MoneyWatch } from "./money_watch.ts";
import { MonitorCore } from "../collect/monitor_core.ts";
import { moneyLines } from "../terminal/money_lines.ts";
import { makeSnapshot, TestWorld } from "../collect/testing.ts";

const S = 1_700_000_000;
const wave = (part: Record<string, unknown>) => ({
  wave: "20:00",
  state: "playing",
  start: "2026-01-31T20:00:00.000Z",
  end: "2026-01-31T20:01:00.000Z",
  tickets: 100,
  released: 10,
  behindMs: 0,
  ...part,
});
const balances = (poolFen: number, userFen: number) => ({
  sourceFen: -poolFen - userFen,
  poolFen,
  heldFen: 0,
  userFen,
  packetFen: 0,
  returnedFen: 0,
});

/** A core that watches these servers. */
function bench(names: readonly string[]) {
  const world = new TestWorld();
  const core = new MonitorCore(world);
  world.clock.advance(1000);
  for (const name of names) {
    core.replay({ url: `http://${name}`, name }, makeSnapshot(S, { role: "server" }));
  }
  core.tick();
  return core;
}

/** A place as a server tells it: only what matters to a test, the rest is 0. */
const placeFields = ["sponsor", "wave", ...PLACE_COLUMNS];
const place = (sponsor: number, wave: string, sums: Partial<PlaceSums>) => [
  sponsor,
  wave,
  ...PLACE_COLUMNS.map((name) => sums[name] ?? 0),
];
const text = (view: MoneyView, columns: number, filter = "") =>
  moneyLines(view, columns, filter).map((line) => line.map(({ text }) => text).join(""));

Deno.test("accounts, sponsors and waves of all servers are added up, and must come to 0", async () => {
  let awardedFen = 200_000;
  const answers = (): Record<string, unknown> => ({
    "http://a/money": {
      balances: { ...balances(700, 300), heldFen: 0 },
      placeFields,
      places: [
        place(7, "20:00", {
          madeFen: 1_000_000,
          poolFen: 1_000_000 - awardedFen,
          dueFen: 12_340,
          awards: 5,
          awardedFen,
          openedFen: 150_000,
          deliveredFen: 190_000,
          refusedByUserLimit: 3,
          refusedBySponsorLimit: 1_208,
        }),
        place(9, "20:00", { madeFen: 50, poolFen: 50 }),
      ],
      sumFen: 0,
    },
    "http://a/health": {
      plugins: {
        shake: { won: 3 },
        seed: {
          waves: [wave({}), wave({ wave: "21:00", start: "2026-01-31T21:00:00.000Z", state: "planned" })],
        },
      },
    },
    "http://b/money": {
      balances: balances(800, 0),
      placeFields: placeFields.slice(0, 4), // of an earlier version
      places: [place(7, "20:00", { madeFen: 100, poolFen: 100 }).slice(0, 4)],
      placesLeftOut: 4,
    },
    "http://b/health": {
      plugins: { seed: { waves: [wave({ state: "paused", released: 5, behindMs: 2500 })] } },
    },
  });
  const watch = new MoneyWatch(bench(["a", "b", "old"]), (url) => {
    const answer = answers()[url];
    return Promise.resolve(
      answer === undefined ? new Response("none", { status: 404 }) : Response.json(answer),
    );
  }, undefined);
  await watch.ask(0);
  assert.equal(watch.last!.inAll.secondsLeft, null, "no rate is known yet");
  await watch.ask(10);
  assert.equal(watch.last!.atMs, 0, "they aren't asked all the time");
  awardedFen = 300_000;
  await watch.ask(5_000);
  const view = watch.last!;
  assert.deepEqual([view.told, view.asked, view.sumFen], [2, 3, 0]);
  assert.deepEqual(view.sums, { ...balances(1500, 300), heldFen: 0 });
  assert.deepEqual(
    view.places.map(({ sponsor, wave, poolFen, offByFen }) => [sponsor, wave, poolFen, offByFen]),
    [
      [7, "20:00", 700_100, 0],
      [9, "20:00", 50, 0],
    ],
  );
  assert.equal(Math.round(view.places[0].secondsLeft!), 35, "7,001 yuan at 200 a second");
  assert.equal(view.places[1].secondsLeft, null, "nothing of it is won");
  assert.equal(view.inAll.poolFen, 700_150);
  assert.deepEqual(
    view.waves.map((
      { wave, state, tickets, released, behindMs },
    ) => [wave, state, tickets, released, behindMs]),
    [
      ["20:00", "playing and paused", 200, 15, 2500],
      ["21:00", "planned", 100, 10, 0],
    ],
  );
  const narrow = text(view, 80);
  for (
    const words of [
      /money OK: 18\.00 yuan put in = 15\.00 yuan pool/,
      /^Accounts {2}2 of 3 servers told/,
      /put in 18\.00 yuan {3}in the pool 15\.00 yuan/,
      /20:00 .*15 of 200 .*3 s behind/,
      /^7 20:00 +7,001 +123 +3,000 +1,500 +1,100 +0 +35 s +3\/1\.2k/,
      /and 4 rows more/,
    ]
  ) {
    assert.ok(narrow.some((line) => words.test(line)), `${words} in\n${narrow.join("\n")}`);
  }
  assert.ok(narrow.every((line) => line.length <= 80), narrow.join("\n"));
  const wide = text(view, 160, "sponsor 7");
  assert.ok(wide.some((line) => /^7 +20:00 +7,001\.00 +123\.40 +3,000\.00/.test(line)), wide.join("\n"));
  assert.ok(!wide.some((line) => line.startsWith("9 ")), "those that the filter doesn't name are left out");
});

Deno.test("a sponsor whose sum is off is told beside it", async () => {
  const broken = {
    balances: balances(1, 1),
    placeFields,
    places: [place(7, "", { madeFen: 100, poolFen: 50, awardedFen: 49 })],
  };
  const watch = new MoneyWatch(
    bench(["a"]),
    (url) => Promise.resolve(Response.json(url.endsWith("/money") ? broken : { plugins: {} })),
    undefined,
  );
  await watch.ask(0);
  assert.match(text(watch.last!, 100).find((line) => line.startsWith("7 "))!, /OFF BY 0\.01 yuan/);
});

Deno.test("hundreds of servers are asked more seldom", async () => {
  const names = Array.from({ length: 600 }, (_, i) => `h${i}`);
  let asked = 0;
  const watch = new MoneyWatch(bench(names), () => {
    asked++;
    return Promise.reject(new Error("refused"));
  }, undefined);
  for (let atMs = 0; atMs < 24_000; atMs += 3_000) await watch.ask(atMs);
  assert.equal(asked, 2 * 600 * 2, "money and health, twice in 24 s");
});

Deno.test("a sum that is not 0 is loud", async () => {
  const broken = { balances: { ...balances(700, 300), userFen: 301 } };
  const watch = new MoneyWatch(
    bench(["a"]),
    (url) => Promise.resolve(Response.json(url.endsWith("/money") ? broken : { plugins: {} })),
    undefined,
  );
  await watch.ask(5);
  assert.equal(watch.last!.sumFen, 1);
  assert.match(
    moneyLines(watch.last, 80)[0].map(({ text }) => text).join(""),
    /money OFF BY 0\.01 yuan, too much: 10\.00 yuan put in is not /,
  );
});

Deno.test("where nobody keeps accounts there is nothing to show, and nothing breaks", async () => {
  const watch = new MoneyWatch(bench(["a"]), () => Promise.reject(new Error("refused")), undefined);
  await watch.ask(5);
  assert.equal(watch.last, undefined);
  assert.match(moneyLines(undefined, 80)[0][0].text, /No server has told/);
});

Deno.test("a wave that begins is marked on the charts", async () => {
  const core = bench(["a"]);
  let state = "planned";
  const watch = new MoneyWatch(
    core,
    (url) =>
      Promise.resolve(Response.json(
        url.endsWith("/money")
          ? { balances: balances(1, 1) }
          : { plugins: { seed: { waves: [wave({ state })] } } },
      )),
    undefined,
  );
  await watch.ask(0);
  await watch.ask(1_000);
  assert.deepEqual(core.marks.all, [], "what was so before is no news");
  state = "playing";
  await watch.ask(2_000);
  assert.deepEqual(core.marks.all.map(({ kind, text }) => [kind, text]), [["phase", "wave 20:00 playing"]]);
});
