import assert from "node:assert/strict";
import { chartTable } from "../timeline/chart_table.ts";
import { MonitorCore } from "./monitor_core.ts";
import { FIRST_STATE } from "../terminal/view_state.ts";
import { screen } from "../terminal/views.ts";
import { targetRows } from "../view/page_state.ts";
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
  const sent = chartTable().lines.findIndex(({ label }) => label === "sent (fleet)");
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
  const made = chartTable().lines.findIndex(({ source, label }) =>
    source.kind === "total" && label === "won (fleet)"
  );
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

Deno.test("bad targets of every kind are shown as what they are, and the good one's seconds are whole", async () => {
  const names = ["down:1", "silent:1", "later:1", "rubbish:1", "html:1", "twice:1", "endless:1", "good:1"];
  const world = new TestWorld();
  const core = new MonitorCore(world);
  const streams = Object.fromEntries(names.map((name) => [name, openStream()]));
  /** More than an event may be, without an end. */
  const endless = () =>
    new ReadableStream({
      type: "bytes",
      start: (controller) => controller.enqueue(new TextEncoder().encode(`data: ${"x".repeat(6 << 20)}`)),
    });
  world.answer = (url) => {
    const { host } = new URL(url);
    if (host === "down:1") throw new Error("Connection refused (os error 111)");
    if (host === "html:1") return new Response("<h1>hi</h1>", { headers: { "content-type": "text/html" } });
    if (host === "endless:1") {
      return new Response(endless(), { headers: { "content-type": "text/event-stream" } });
    }
    return streams[host].response;
  };
  core.setTargets(names.map(spec));
  await settle();
  await streams["silent:1"].send(eventsOf(makeSnapshot(SECOND)));
  for (let i = 0; i < 6; i++) {
    const at = SECOND + i;
    await streams["later:1"].send(eventsOf({ ...makeSnapshot(at), version: 7 }));
    await streams["rubbish:1"].send(`event: snapshot\ndata: {"version":1,"role":"cat"}\n\n\0\xff:::\n\n`);
    const same = makeSnapshot(at, { role: "server", pid: 5, deltas: { framesOut: 10 } });
    await streams["twice:1"].send(eventsOf(same, same));
    await streams["good:1"].send(eventsOf(makeSnapshot(at, { deltas: { shakesSent: 3 } })));
    await world.pass(1_001);
    core.tick();
  }
  const rows = targetRows(core);
  assert.deepEqual(rows.map(({ name, state, why }) => [name, state, why]), [
    ["down:1", "down", "connection refused"],
    ["silent:1", "silent", "no snapshot for 6 s"],
    ["later:1", "other version", "snapshots of version 7, this is 1"],
    ["rubbish:1", "rubbish", "role is wrong"],
    ["html:1", "down", "status 200, text/html"],
    ["twice:1", "live", ""],
    ["endless:1", "rubbish", rows[6].why],
    ["good:1", "live", ""],
  ]);
  assert.match(rows[6].why, /^an event of more than \d+ characters$/);
  const values = (label: string) => {
    const line = chartTable().lines.findIndex((each) => each.label === label);
    return core.history.points.slice(0, 4).map((point) => point.values[line]);
  };
  assert.deepEqual(values("sent (fleet)"), [3, 3, 3, 3]);
  assert.deepEqual(values("frames answered (servers)"), [10, 10, 10, 10], "a second that came twice");
  for (const columns of [80, 20]) {
    const lines = screen({ core }, { ...FIRST_STATE, view: "targets" }, { columns, rows: 24 });
    const text = lines.map((line) => line.map(({ text }) => text).join("")).join("\n");
    for (const { state } of rows) {
      // A narrow one cuts the longest of them.
      assert.ok(text.includes(state.slice(0, 9)), `${state} at ${columns} columns in\n${text}`);
    }
  }
  await core.stop();
});

Deno.test("what was done at a target is marked, but not what this monitor had it do", async () => {
  const world = new TestWorld();
  const core = new MonitorCore(world, "me");
  const stream = openStream();
  world.answer = () => stream.response;
  core.setTargets([spec("a:1")]);
  await settle();
  const action = (text: string, who: string, markedBy: string) => ({
    atMs: SECOND * 1000,
    text,
    who,
    markedBy,
  });
  const actions = [
    action("rate qps 5", "ann", "me"),
    action("drain", "bo", "another"),
    action("pause", "", ""),
  ];
  const snapshot = makeSnapshot(SECOND, { actions });
  await stream.send(eventsOf(snapshot, snapshot));
  assert.deepEqual(core.marks.all.map(({ atMs, kind, text, who }) => [atMs, kind, text, who]), [
    [SECOND * 1000, "action", "drain on a:1", "bo"],
    [SECOND * 1000, "action", "pause on a:1", undefined],
  ]);
  await core.stop();
});
