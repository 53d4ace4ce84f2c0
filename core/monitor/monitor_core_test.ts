import assert from "node:assert/strict";
import { LINES } from "./chart_table.ts";
import { MonitorCore } from "./monitor_core.ts";
import { eventsOf, makeSnapshot, openStream, settle, TestWorld } from "./testing.ts";

const SECOND = 1_700_000_000;
const spec = (name: string) => ({ url: `http://${name}`, name });

function bench(names: readonly string[]) {
  const world = new TestWorld();
  const core = new MonitorCore(world);
  const streams = Object.fromEntries(names.map((name) => [name, openStream()]));
  world.answer = (url) => streams[new URL(url).host].response;
  core.setTargets(names.map(spec));
  return { world, core, streams };
}

Deno.test("charts, totals and histograms hold what all targets told", async () => {
  const { world, core, streams } = bench(["a:1", "b:1"]);
  await settle();
  for (const [name, shakes] of [["a:1", 3], ["b:1", 4]] as const) {
    const counts = { shakesSent: shakes };
    await streams[name].send(
      eventsOf(makeSnapshot(SECOND, { deltas: counts, totals: counts, latency: [[shakes, 2]] })),
    );
  }
  await world.pass(1002);
  core.tick();
  const sent = LINES.findIndex(({ label }) => label === "sent (fleet)");
  assert.deepEqual(core.history.points.map(({ values }) => values[sent]), [7]);
  assert.deepEqual(core.totals("client"), { shakesSent: 7 });
  assert.equal(core.histogram("client", "shakeLatencyUs").count, 4);
  await core.stop();
});

Deno.test("a target that falls silent is missed; the others' seconds go on without it", async () => {
  const { world, core, streams } = bench(["a:1", "b:1"]);
  await settle();
  for (const name of ["a:1", "b:1"]) await streams[name].send(eventsOf(makeSnapshot(SECOND)));
  await world.pass(1002);
  core.tick();
  await streams["a:1"].send(eventsOf(makeSnapshot(SECOND + 1)));
  await world.pass(3000);
  core.tick();
  const [first, second] = core.history.points;
  assert.deepEqual([first.reporting, first.expected], [2, 2]);
  assert.deepEqual([second.reporting, second.expected], [1, 2]);
  assert.deepEqual(core.targets.map(({ missing }) => missing), [0, 1]);
  assert.deepEqual(core.marks.all.map(({ text }) => text).sort(), [
    "a:1 is silent: no snapshot for 3 s",
    "b:1 is silent: no snapshot for 4 s",
  ]);
  await core.stop();
});

Deno.test("a target that is taken off the list leaves its counts behind", async () => {
  const { core, streams } = bench(["a:1", "b:1"]);
  await settle();
  for (const name of ["a:1", "b:1"]) {
    await streams[name].send(eventsOf(makeSnapshot(SECOND, { totals: { shakesSent: 5 } })));
  }
  core.setTargets([spec("b:1")]);
  assert.deepEqual(core.targets.map(({ spec: { name } }) => name), ["b:1"]);
  assert.deepEqual(core.totals("client"), { shakesSent: 10 });
  await core.stop();
});

Deno.test("a sum since the start survives restarts, lost seconds and late ones, and knows what was before", async () => {
  const world = new TestWorld();
  const core = new MonitorCore(world);
  const made = LINES.findIndex(({ source, label }) => source.kind === "total" && label === "won (fleet)");
  const take = (second: number, pid: number, delta: number, total: number) =>
    core.replay(
      spec("a:1"),
      makeSnapshot(SECOND + second, {
        pid,
        deltas: { amountWonFen: delta },
        totals: { amountWonFen: total },
      }),
    );
  const shown = async (ms: number) => {
    await world.pass(ms);
    core.tick();
    return core.history.points.map(({ values }) => values[made]);
  };
  take(0, 1, 100, 1100); // 10 yuan were won before anybody watched
  assert.deepEqual(await shown(1000), [11]);
  take(2, 1, 100, 1400); // a second with 2 yuan got lost
  assert.deepEqual((await shown(4000)).slice(0, 3), [11, 11, 14]);
  take(1, 1, 200, 1300); // it comes after all
  assert.deepEqual((await shown(0)).slice(0, 3), [11, 11, 14], "the second after it had it already");
  take(3, 2, 50, 50); // another process, which counts from 0
  assert.equal((await shown(2000)).at(3), 14.5);
  assert.deepEqual(core.totals("client"), { amountWonFen: 1450 });
});
