import assert from "node:assert/strict";
import type { Snapshot } from "../../counters/series.ts";
import { Target } from "./target.ts";
import { eventsOf, makeSnapshot, openStream, settle, TestWorld } from "./testing.ts";

const SECOND = 1_700_000_000;

function watch(world: TestWorld) {
  const seen: Snapshot[] = [];
  const states: string[] = [];
  const target = new Target({ url: "http://host:1", name: "host:1" }, world, {
    snapshot: (_target, { snapshot }) => void seen.push(snapshot),
    state: ({ state, why }) => void states.push(why === "" ? state : `${state}: ${why}`),
  });
  return { target, seen, states, ended: target.run() };
}

Deno.test("a target that is down is tried again, ever more seldom, and is live once it answers", async () => {
  const world = new TestWorld();
  const { target, states, ended } = watch(world);
  await settle();
  assert.deepEqual(states, ["down: connection refused"]);
  for (const ms of [500, 1000, 2000, 4000]) await world.pass(ms);
  assert.equal(world.requests.length, 5);
  const stream = openStream();
  world.answer = () => stream.response;
  await world.pass(5000);
  await stream.send(eventsOf(makeSnapshot(SECOND)));
  assert.equal(target.state, "live");
  target.stop();
  await ended;
});

Deno.test("after a break it asks for what it missed, and the restarted process adds to the totals", async () => {
  const world = new TestWorld();
  const first = openStream();
  world.answer = () => first.response;
  const { target, seen, ended } = watch(world);
  await settle();
  await first.send(eventsOf(makeSnapshot(SECOND, { totals: { shakes: 70 } })));
  await first.end();
  assert.deepEqual([target.state, target.why], ["down", "the stream ended"]);
  const second = openStream();
  world.answer = () => second.response;
  await world.pass(500);
  assert.equal(world.requests[1].headers["last-event-id"], String(SECOND));
  await second.send(eventsOf(makeSnapshot(SECOND, { pid: 2, totals: { shakes: 5 } })));
  await second.send(eventsOf(makeSnapshot(SECOND + 1, { pid: 2, totals: { shakes: 9 } })));
  assert.deepEqual([target.totals(), target.restarts, seen.length], [{ shakes: 79 }, 1, 3]);
  target.stop();
  await ended;
});

Deno.test("a server that checks no token says so beside its state", async () => {
  const world = new TestWorld();
  const stream = openStream();
  world.answer = () => stream.response;
  const { target, ended } = watch(world);
  await settle();
  for (const [second, loginsUnchecked] of [[SECOND, 1], [SECOND + 1, 0]]) {
    await world.pass(1_000);
    await stream.send(eventsOf(makeSnapshot(second, { gauges: { loginsUnchecked } })));
    assert.equal(/no token is checked: anybody can be any user/.test(target.why), loginsUnchecked === 1);
  }
  target.stop();
  await ended;
});

Deno.test("a snapshot that comes twice counts once", async () => {
  const world = new TestWorld();
  const stream = openStream();
  world.answer = () => stream.response;
  const { target, seen, ended } = watch(world);
  await settle();
  const snapshot = makeSnapshot(SECOND, { totals: { shakes: 3 } });
  await stream.send(
    eventsOf(snapshot, snapshot, makeSnapshot(SECOND + 1, { totals: { shakes: 3 } }), snapshot),
  );
  assert.deepEqual([seen.length, target.repeated, target.totals()], [2, 2, { shakes: 3 }]);
  target.stop();
  await ended;
});

Deno.test("a second that a stepping clock brings again is no repeat: both count", async () => {
  const world = new TestWorld();
  const stream = openStream();
  world.answer = () => stream.response;
  const { target, seen, ended } = watch(world);
  await settle();
  const at = (readAtMs: number, shakes: number) =>
    eventsOf(makeSnapshot(SECOND, { readAtMs, deltas: { shakes: 3 }, totals: { shakes } }));
  await stream.send(at(SECOND * 1000 + 1_001, 3) + at(SECOND * 1000 + 1_900, 6));
  assert.deepEqual([seen.length, target.repeated, target.totals()], [2, 0, { shakes: 6 }]);
  target.stop();
  await ended;
});

Deno.test("rubbish and other versions are told as what they are, and good snapshots go on", async () => {
  const world = new TestWorld();
  const stream = openStream();
  world.answer = () => stream.response;
  const { target, seen, states, ended } = watch(world);
  await settle();
  await stream.send(eventsOf({ version: 2 }));
  await stream.send("event: snapshot\ndata: what?\n\n");
  await stream.send(eventsOf({ ...makeSnapshot(SECOND), deltas: { shakes: "many" } }));
  await stream.send(eventsOf({ ...makeSnapshot(SECOND), histograms: { waitUs: [[9999, 1]] } }));
  await stream.send(eventsOf({ ...makeSnapshot(SECOND), actions: [{ atMs: 1, text: 2 }] }));
  await stream.send(eventsOf(makeSnapshot(SECOND)));
  assert.deepEqual(states, [
    "other version: snapshots of version 2, this is 1",
    "rubbish: no JSON",
    "live",
  ]);
  assert.deepEqual([target.rubbish, seen.length], [5, 1]);
  target.stop();
  await ended;
});

Deno.test("what answers with something else is down, and says what it answered", async () => {
  const world = new TestWorld();
  const answers: [Response, RegExp][] = [
    [new Response("<h1>hi</h1>", { headers: { "content-type": "text/html" } }), /status 200, text\/html/],
    [new Response("no", { status: 401 }), /REDPKT_TOKEN/],
  ];
  for (const [answer, why] of answers) {
    world.answer = () => answer;
    const { target, ended } = watch(world);
    await settle();
    assert.equal(target.state, "down");
    assert.match(target.why, why);
    target.stop();
    await ended;
  }
});

Deno.test("a target that hangs is silent, and is connected to anew", async () => {
  const world = new TestWorld();
  const stream = openStream();
  world.answer = () => stream.response;
  const { target, ended } = watch(world);
  await settle();
  await stream.send(eventsOf(makeSnapshot(SECOND)));
  await world.pass(3000);
  target.check();
  assert.deepEqual([target.state, target.why], ["silent", "no snapshot for 3 s"]);
  await world.pass(8000);
  target.check();
  await settle();
  assert.deepEqual([target.state, target.why], ["down", "no answer in time"]);
  world.answer = () => new Promise(() => {});
  await world.pass(500);
  assert.equal(world.requests.length, 2);
  await world.pass(5000);
  assert.ok(world.requests[1].signal.aborted, "a connect that hangs is given up");
  target.stop();
  await ended;
});

Deno.test("a process that ends says so, and is not called down although nobody answers", async () => {
  const world = new TestWorld();
  const stream = openStream();
  world.answer = () => stream.response;
  const { target, states, ended } = watch(world);
  await settle();
  await stream.send(eventsOf(makeSnapshot(SECOND), makeSnapshot(SECOND + 1, { isLast: true })));
  await stream.end();
  world.answer = () => Promise.reject(new Error("connection refused"));
  await world.pass(500);
  assert.equal(world.requests.length, 2);
  assert.deepEqual([target.state, states], ["ended", ["live", "ended: the process ended in good order"]]);
  target.stop();
  await ended;
});

Deno.test("why nothing can be fetched is told in few words", async () => {
  const failed = (why: string) =>
    new TypeError("fetch failed", { cause: new Error(`sending (http://h:1/): ${why}`) });
  for (
    const [error, why] of [
      [
        failed("client error (Connect): tcp connect error: Connection refused (os error 111)"),
        "connection refused",
      ],
      [failed("client error (Connect): dns error: failed to lookup address information"), "no such host"],
      [new TypeError("error reading a body from connection"), "the connection broke"],
      [failed("client error (SendRequest): invalid HTTP version parsed"), "invalid HTTP version parsed"],
    ] as const
  ) {
    const world = new TestWorld();
    world.answer = () => Promise.reject(error);
    const { target, ended } = watch(world);
    await settle();
    assert.deepEqual([target.state, target.why], ["down", why]);
    target.stop();
    await ended;
  }
});
