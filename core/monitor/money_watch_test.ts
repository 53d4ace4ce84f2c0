import assert from "node:assert/strict";
import { MoneyWatch } from "./money_watch.ts";
import { MonitorCore } from "./monitor_core.ts";
import { moneyLines } from "./terminal/money_lines.ts";
import { makeSnapshot, TestWorld } from "./testing.ts";

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
  userFen,
  packetFen: 0,
  returnedFen: 0,
});

/** A core that watches these servers, who have won 50 fen in the latest second each. */
function bench(names: readonly string[]) {
  const world = new TestWorld();
  const core = new MonitorCore(world);
  world.clock.advance(1000);
  for (const name of names) {
    core.replay(
      { url: `http://${name}`, name },
      makeSnapshot(S, { role: "server", deltas: { shakeAmountWonFen: 50 } }),
    );
  }
  core.tick();
  return core;
}

Deno.test("accounts, sponsors and waves of all servers are added up, and must come to 0", async () => {
  const answers: Record<string, unknown> = {
    "http://a/money": {
      balances: balances(700, 300),
      sponsors: [{ sponsor: 7, poolFen: 700, returnedFen: 1 }],
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
      sponsors: [{ sponsor: 8, poolFen: 790, returnedFen: 0 }, { sponsor: 7, poolFen: 10, returnedFen: 1 }],
    },
    "http://b/health": {
      plugins: { seed: { waves: [wave({ state: "paused", released: 5, behindMs: 2500 })] } },
    },
  };
  const watch = new MoneyWatch(bench(["a", "b", "old"]), (url) => {
    const answer = answers[url];
    return Promise.resolve(
      answer === undefined ? new Response("none", { status: 404 }) : Response.json(answer),
    );
  }, undefined);
  await watch.ask(5);
  const view = watch.last!;
  assert.deepEqual([view.told, view.asked, view.sumFen], [2, 3, 0]);
  assert.deepEqual(view.sums, balances(1500, 300));
  assert.deepEqual(view.sponsors, [{ sponsor: 8, poolFen: 790, returnedFen: 0 }, {
    sponsor: 7,
    poolFen: 710,
    returnedFen: 2,
  }]);
  assert.deepEqual(
    view.waves.map((
      { wave, state, tickets, released, behindMs },
    ) => [wave, state, tickets, released, behindMs]),
    [
      ["20:00", "playing and paused", 200, 15, 2500],
      ["21:00", "planned", 100, 10, 0],
    ],
  );
  assert.equal(view.secondsLeft, 10, "1,500 fen at 150 fen a second");
  const text = moneyLines(view, 80).map((line) => line.map(({ text }) => text).join("")).join("\n");
  for (
    const words of [
      "sum 0, as it must be",
      "2 of 3 servers told",
      "15.00 yuan",
      "15 of 200",
      "3 s behind",
      "10 s",
    ]
  ) {
    assert.ok(text.includes(words), `${words} in\n${text}`);
  }
});

Deno.test("a sum that is not 0 is loud", async () => {
  const broken = { balances: { ...balances(700, 300), userFen: 301 }, sponsors: [] };
  const watch = new MoneyWatch(
    bench(["a"]),
    (url) => Promise.resolve(Response.json(url.endsWith("/money") ? broken : { plugins: {} })),
    undefined,
  );
  await watch.ask(5);
  assert.equal(watch.last!.sumFen, 1);
  assert.match(moneyLines(watch.last, 80)[0].map(({ text }) => text).join(""), /SUM IS OFF BY 0\.01 yuan/);
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
          ? { balances: balances(1, 1), sponsors: [] }
          : { plugins: { seed: { waves: [wave({ state })] } } },
      )),
    undefined,
  );
  await watch.ask(5);
  await watch.ask(6);
  assert.deepEqual(core.marks.all, [], "what was so before is no news");
  state = "playing";
  await watch.ask(7);
  assert.deepEqual(core.marks.all.map(({ kind, text }) => [kind, text]), [["phase", "wave 20:00 playing"]]);
});
