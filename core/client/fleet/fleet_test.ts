import assert from "node:assert/strict";
import { assertSums, World } from "../../../test/sim/fleet_world.ts";
import { encodeControl, Mailbox, mailboxBytes, MessageKind } from "../../threads/mailbox.ts";
import { ANSWER_TIMEOUT_MS } from "../state/stall_watch.ts";

Deno.test("everybody connects at the rate, logs in once, and shakes on schedule", () => {
  const world = new World({ users: 50, qps: 100 });
  world.runUntil(() => world.total("usersReady") === 50);
  const connectedMs = world.network.clock.monotonicMs();
  assert.ok(connectedMs > 49 && connectedMs < 60, `50 users at 1,000/s took ${connectedMs} ms`);
  assert.deepEqual(world.server.logins.toSorted((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i));
  const before = world.all;
  world.pass(10_000);
  const after = world.all;
  assert.equal(after.shakesSent - before.shakesSent, 1000);
  assert.equal(after.ticksLate + after.ticksOverrun, 0);
  assert.equal(world.total("connects"), 50);
  assertSums(world);
  assert.ok(world.latency().percentile(100) < 1500, "a delay there and one back, from the due time");
});

Deno.test("the same seed gives the same counters, whatever the network does", () => {
  const play = (seed: number): Record<string, number> => {
    const network = { splitProbability: 0.3, stallProbability: 0.02, resetProbability: 0.003 };
    const world = new World({ seed, users: 40, qps: 200, network });
    world.pass(4_000);
    world.stopServer();
    world.pass(1_000);
    world.startServer();
    world.pass(20_000);
    assertSums(world);
    return { ...world.all, latency: world.latency().percentile(99) };
  };
  const first = play(42);
  assert.deepEqual(play(42), first);
  assert.notDeepEqual(play(43), first);
  assert.ok(first.disconnects > 40 && first.shakesLost > 0, "the network and the restart did harm");
});

Deno.test("a server that restarts finds everybody again, spread over the backoff", () => {
  const world = new World({ users: 200, qps: 400 });
  world.runUntil(() => world.total("usersReady") === 200);
  world.stopServer();
  world.runUntil(() => world.total("usersConnected") === 0);
  assert.equal(world.total("usersReady"), 0);
  world.pass(3_000);
  assert.ok(world.total("dialFailedRefused") > 200, "they go on trying");
  assert.ok(world.total("ticksUnconnected") > 1_000);
  world.startServer();
  world.runUntil(() => world.total("usersReady") === 200, 30_000);
  assert.equal(world.total("disconnects"), 200);
  const before = world.all;
  world.pass(1_000);
  assert.equal(world.total("shakesSent") - before.shakesSent, 400);
  assertSums(world);
});

for (const [protocol, most] of [[0, 1], [1, 8]] as const) {
  Deno.test(`a user of version ${protocol} has ${most} under way at most; 30 s without an answer end the connection`, () => {
    const world = new World({
      users: 1,
      qps: 10,
      behaviour: { shake: () => undefined },
      fleet: { protocol, patienceMs: 0 },
    });
    world.pass(5_000);
    assert.equal(world.total("shakesSent"), most);
    assert.ok(world.total("ticksOverrun") > 35);
    assert.equal(world.total("shakesOutstanding"), most);
    world.pass(ANSWER_TIMEOUT_MS + 6_000);
    assert.equal(world.total("stalls"), 1);
    assert.equal(world.total("disconnects"), 1);
    assert.equal(world.total("shakesLost"), most);
    assertSums(world);
  });
}

Deno.test("a user who gives up one shake after the other without an answer gives the connection up too", () => {
  const world = new World({ users: 1, qps: 1, behaviour: { shake: () => undefined } });
  world.pass(ANSWER_TIMEOUT_MS - 1_000);
  assert.equal(world.total("stalls"), 0);
  assert.ok(world.total("shakesGivenUp") >= 2);
  world.pass(8_000);
  assert.equal(world.total("stalls"), 1);
  assertSums(world);
});

Deno.test("users who misbehave aren't given up for having no answers", () => {
  const world = new World({ users: 20, qps: 0, fleet: { misbehave: { half: 1 } } });
  world.pass(ANSWER_TIMEOUT_MS + 15_000);
  const { badUsers, badConnected, badConnects, stalls, logins } = world.all;
  assert.deepEqual([badUsers, badConnected, badConnects, stalls, logins], [20, 20, 20, 0, 0]);
});

Deno.test("a server that never answers a login is given up and tried again", () => {
  const silent = { instead: () => () => 0 };
  const world = new World({ users: 3, behaviour: silent });
  world.pass(ANSWER_TIMEOUT_MS + 10_000);
  assert.equal(world.total("stalls"), 3);
  assert.ok(world.server.logins.length > 3);
});

Deno.test("a loop that comes too late counts its ticks and doesn't make them up", () => {
  const world = new World({ users: 10, qps: 100 });
  world.pass(1_000);
  const before = world.all;
  world.network.clock.advance(1_000); // the whole process stood still
  world.pass(1_000);
  const late = world.total("ticksLate") - before.ticksLate;
  assert.ok(late >= 89 && late <= 91, `${late} late ticks: all but those of the last 100 ms`);
  assert.equal(world.total("shakesDue") - before.shakesDue, 200);
  assertSums(world);
});

Deno.test("latency counts from when a shake was due, not from when it left", () => {
  const world = new World({ users: 10, qps: 10 });
  world.pass(1_000);
  const before = world.latency().count;
  world.network.clock.advance(80);
  world.pass(900);
  assert.ok(world.latency().count > before);
  assert.ok(world.latency().max > 30_000, "at least one tick fell into the 80 ms of standstill");
  assert.equal(world.total("ticksLate"), 0);
});

Deno.test("a step of the wall clock moves the schedule, and nobody shakes for the time between", () => {
  const world = new World({ users: 10, qps: 100 });
  world.pass(2_000);
  for (const stepMs of [60_000, -60_000]) {
    const before = world.all;
    world.network.clock.stepWall(stepMs);
    world.pass(1_000);
    const sent = world.total("shakesSent") - before.shakesSent;
    assert.ok(sent >= 99 && sent <= 101, `${sent} shakes in the second after a step`);
    assert.equal(world.total("ticksLate"), 0);
  }
  world.pass(1_000);
  assert.equal(world.total("wallSteps"), 2);
});

Deno.test("orders through the mailbox: rate, pause, resume, stop", () => {
  const orders = new Mailbox(new SharedArrayBuffer(mailboxBytes(1024)));
  const world = new World({ users: 20, qps: 0, fleet: { orders } });
  const order = (message: unknown) => {
    const words = encodeControl(message);
    assert.ok(orders.post(MessageKind.control, 0, 0, words, words.length));
    world.pass(1_100); // it is read at the fleet's next turn, at most a second later
    const before = world.total("shakesSent");
    world.pass(1_000);
    return world.total("shakesSent") - before;
  };
  assert.equal(order({ order: "rate", qps: 40 }), 40);
  assert.equal(order({ order: "pause" }), 0);
  assert.equal(order({ order: "rate", qps: 70 }), 0);
  assert.equal(order({ order: "resume" }), 70);
  assert.equal(order({ order: "stop" }), 0);
  world.runUntil(() => world.fleet.isStopped);
  assert.equal(world.fleetEngine.used, 0);
  assert.equal(world.total("usersConnected"), 0);
  assert.equal(world.total("disconnects"), 0, "an orderly end is no loss");
  world.runUntil(() => world.server.open === 0);
});

Deno.test("a fleet that stops waits for its last answers, 2 s at most", () => {
  const prompt = new World({ users: 10, qps: 1000 });
  prompt.pass(1_000);
  prompt.fleet.obey({ order: "stop" });
  prompt.runUntil(() => prompt.fleet.isStopped);
  assert.equal(prompt.total("shakesLost"), 0);
  assert.equal(prompt.total("shakesOutstanding"), 0);

  const silent = new World({ users: 10, qps: 100, behaviour: { shake: () => undefined } });
  silent.pass(1_000);
  const stopMs = silent.network.clock.monotonicMs();
  silent.fleet.obey({ order: "stop" });
  silent.runUntil(() => silent.fleet.isStopped);
  const tookMs = silent.network.clock.monotonicMs() - stopMs;
  assert.ok(tookMs >= 2_000 && tookMs < 2_100, `${tookMs} ms`);
  assert.equal(silent.total("shakesOutstanding"), 0);
  assertSums(silent);
});

Deno.test("running out of descriptors or ports is counted by its name, and goes on when it is over", () => {
  const world = new World({ users: 30, qps: 0, network: { portsPerPair: 20 } });
  world.fleetEngine.descriptorLimit = 10;
  world.pass(2_000);
  assert.equal(world.total("usersReady"), 10);
  assert.ok(world.total("dialFailedNoDescriptor") >= 20);
  world.fleetEngine.descriptorLimit = Infinity;
  world.pass(60_000);
  assert.equal(world.total("usersReady"), 20);
  assert.ok(world.total("dialFailedNoPort") >= 10);
});

Deno.test("two fleets with a half of the users each keep the rate together", () => {
  const sent = [0, 1].map((half) => {
    const world = new World({
      users: 50,
      qps: 90,
      fleet: { slice: { first: half, stride: 2, count: 50 }, total: 100 },
    });
    world.pass(1_000);
    const before = world.total("shakesDue");
    world.pass(10_000);
    return world.total("shakesDue") - before;
  });
  assert.equal(sent[0] + sent[1], 900);
});

Deno.test("a burst sends a second's shakes on the second, and takes its time to", () => {
  const world = new World({ users: 100, qps: 50, fleet: { pacing: "burst" } });
  world.pass(1_000);
  for (let second = 0; second < 3; second++) {
    const before = world.total("shakesSent");
    world.pass(999);
    const inBetween = world.total("shakesSent") - before;
    world.pass(1);
    assert.equal(world.total("shakesSent") - before, 50);
    assert.ok(inBetween === 0 || inBetween === 50);
  }
  assert.equal(world.total("ticksLate"), 0);
});
