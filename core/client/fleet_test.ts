import assert from "node:assert/strict";
import { ANSWER_TIMEOUT_MS } from "./stall_watch.ts";
import {
  award,
  type Behaviour,
  FakeServer,
  inTurn,
  loginResponse,
  notice,
  shakeResponse,
} from "../../test/fake_server.ts";
import { Counters } from "../counters/counters.ts";
import { Histogram, toSparse } from "../counters/histogram.ts";
import { SimEngine } from "../engine/sim.ts";
import { type SimActor, SimNetwork, type SimNetworkOptions } from "../engine/sim_network.ts";
import { Random } from "../random/random.ts";
import { Bell } from "../shared/bell.ts";
import { encodeControl, Mailbox, mailboxBytes, MessageKind } from "../shared/mailbox.ts";
import { ShakeResult } from "../wire/codes.ts";
import { awardLines, AwardLog } from "./award_log.ts";
import { Fleet } from "./fleet.ts";
import type { FleetOptions } from "./fleet_options.ts";
import { fleetMetrics } from "./metrics.ts";

const LOOPBACK = 0x7f00_0001;
const PORT = 1025;

interface WorldOptions {
  readonly seed?: number;
  readonly users?: number;
  readonly qps?: number;
  readonly network?: SimNetworkOptions;
  readonly behaviour?: Behaviour;
  readonly fleet?: Partial<FleetOptions>;
}

/** A fleet and a server in virtual time. */
class World {
  readonly network: SimNetwork;
  readonly fleet: Fleet;
  readonly counters = new Counters(fleetMetrics, 1);
  server!: FakeServer;
  readonly fleetEngine: SimEngine;
  #serverEngine: SimEngine | undefined;
  readonly #users: number;
  readonly #behaviour: Behaviour;
  readonly #fleetActor: SimActor;

  constructor({ seed = 1, users = 50, qps = 100, network, behaviour = {}, fleet = {} }: WorldOptions = {}) {
    this.#users = users;
    this.#behaviour = behaviour;
    this.network = new SimNetwork(seed, network);
    this.fleetEngine = new SimEngine({
      capacity: users,
      clock: this.network.clock,
      bell: new Bell(),
      network: this.network,
    });
    this.fleet = new Fleet({
      engine: this.fleetEngine,
      clock: this.network.clock,
      random: new Random(seed),
      counters: this.counters,
      block: 0,
      slice: { first: 0, stride: 1, count: users },
      total: users,
      qps,
      pacing: "smooth",
      targets: [{ address: LOOPBACK, port: PORT, source: 0 }],
      connectRate: 1000,
      ...fleet,
    });
    this.#fleetActor = {
      turn: () => void this.fleet.pass(0),
      nextDueMs: () => Math.min(this.fleet.nextDueMs(), this.fleetEngine.nextDueMs()),
    };
    this.startServer();
  }

  startServer(): void {
    const engine = new SimEngine({
      capacity: this.#users,
      clock: this.network.clock,
      bell: new Bell(),
      network: this.network,
    });
    this.server = new FakeServer(engine, this.#behaviour);
    engine.listen({ kind: "address", hostname: "127.0.0.1", port: PORT });
    this.#serverEngine = engine;
  }

  stopServer(): void {
    this.#serverEngine!.shutdown();
    this.#serverEngine = undefined;
  }

  /** Lets virtual time pass. */
  pass(ms: number): void {
    const untilMs = this.network.clock.monotonicMs() + ms;
    // Something happens at the very end, so that time goes there.
    this.network.at(untilMs, () => {});
    this.runUntil(() => this.network.clock.monotonicMs() >= untilMs);
  }

  runUntil(isDone: () => boolean, limitMs = 200_000): void {
    const actors = (): SimActor[] => {
      const engine = this.#serverEngine;
      if (engine === undefined) return [this.#fleetActor];
      return [this.#fleetActor, { turn: () => engine.poll(0), nextDueMs: () => engine.nextDueMs() }];
    };
    const untilMs = this.network.clock.monotonicMs() + limitMs;
    while (!isDone()) {
      const goesOn = this.network.clock.monotonicMs() <= untilMs && this.network.step(actors());
      assert.ok(goesOn || isDone(), "it happens in time");
    }
  }

  total(name: string): number {
    return this.counters.total(name);
  }

  get all(): Record<string, number> {
    return Object.fromEntries(fleetMetrics.scalars.map((name) => [name, this.total(name)]));
  }

  latency(): Histogram {
    return new Histogram().add(toSparse(this.counters.mergedHistogram("shakeLatencyUs")));
  }
}

/** The sums that hold at every moment. */
function assertSums(world: World): void {
  const c = world.all;
  assert.equal(c.shakesDue, c.shakesSent + c.ticksLate + c.ticksUnconnected + c.ticksOverrun);
  assert.equal(c.shakesSent, c.shakesAnswered + c.shakesLost + c.shakesOutstanding);
  assert.equal(c.shakesAnswered, c.shakesWon + c.shakesNothing + c.shakesAllGone + c.shakesOverloaded);
  assert.equal(world.latency().count, c.shakesAnswered);
}

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

Deno.test("a user with 8 unanswered shakes sends no more; 30 s without an answer end the connection", () => {
  const world = new World({ users: 1, qps: 10, behaviour: { shake: () => undefined } });
  world.pass(5_000);
  assert.equal(world.total("shakesSent"), 8);
  assert.ok(world.total("ticksOverrun") > 35);
  assert.equal(world.total("shakesOutstanding"), 8);
  world.pass(ANSWER_TIMEOUT_MS + 6_000);
  assert.equal(world.total("stalls"), 1);
  assert.equal(world.total("disconnects"), 1);
  assert.equal(world.total("shakesLost"), 8);
  assertSums(world);
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

Deno.test("every kind of answer is counted, and a packet once", () => {
  const answers = [
    ShakeResult.nothing,
    ShakeResult.allGone,
    ShakeResult.overloaded,
    { packetId: 5, amountFen: 1234 },
    { packetId: 6, amountFen: 1 },
  ];
  let shakes = 0;
  const mailbox = new Mailbox(new SharedArrayBuffer(mailboxBytes(8192)));
  const world = new World({
    users: 1,
    qps: 5,
    behaviour: { shake: () => answers[shakes++] ?? ShakeResult.nothing },
    fleet: { awards: new AwardLog(mailbox) },
  });
  world.runUntil(() => world.total("shakesAnswered") === 10);
  const { shakesNothing, shakesAllGone, shakesOverloaded, shakesWon, amountWonFen } = world.all;
  assert.deepEqual(
    { shakesNothing, shakesAllGone, shakesOverloaded, shakesWon, amountWonFen },
    { shakesNothing: 6, shakesAllGone: 1, shakesOverloaded: 1, shakesWon: 2, amountWonFen: 1235 },
  );
  world.pass(10);
  let lines = "";
  mailbox.drain((_kind, _set, _plugin, words, at, count) => lines += awardLines(words, at, count));
  assert.match(lines, /^0,5,1234,shake,\d+\n0,6,1,shake,\d+\n$/);
});

Deno.test("what a server repeats after a login counts once; what it tells of late counts too", () => {
  const world = new World({
    users: 2,
    qps: 2,
    behaviour: {
      shake: (userId) => userId === 0 ? { packetId: 5, amountFen: 100 } : ShakeResult.nothing,
      afterLogin: (userId) => userId === 0 ? award(0, 5, 100) : award(1, 9, 50),
    },
  });
  world.runUntil(() => world.total("usersReady") === 2 && world.total("awardsLate") === 2);
  assert.equal(world.total("amountWonFen"), 150, "both were news to the fleet, beside any shake");
  world.stopServer();
  world.pass(500);
  world.startServer();
  world.runUntil(() => world.total("usersReady") === 2, 30_000);
  world.pass(100);
  assert.equal(world.total("amountWonFen"), 150);
  assert.ok(world.total("awardsRepeated") >= 2);
  assert.equal(world.total("awardsDouble"), 0);
});

Deno.test("a packet given to two users is found out", () => {
  const world = new World({ users: 2, qps: 2, behaviour: { shake: () => ({ packetId: 7, amountFen: 10 }) } });
  world.pass(1_500);
  assert.equal(world.total("awardsDouble"), 1);
});

Deno.test("notices are answered with claims, and each share counts once", () => {
  const behaviour: Behaviour = {
    afterLogin: (userId) => inTurn(notice(userId, 77, 900), notice(userId, 78, 900), notice(userId, 77, 900)),
    claim: (_userId, packetId) => packetId === 77 ? 300 : 0,
  };
  const world = new World({ users: 3, qps: 0, behaviour });
  world.pass(1_000);
  const { noticesReceived, claimsSent, claimsPaid, claimsEmpty, amountClaimedFen, awardsRepeated } =
    world.all;
  assert.deepEqual(
    { noticesReceived, claimsSent, claimsPaid, claimsEmpty, amountClaimedFen, awardsRepeated },
    {
      noticesReceived: 9,
      claimsSent: 9,
      claimsPaid: 3,
      claimsEmpty: 3,
      amountClaimedFen: 900,
      awardsRepeated: 3,
    },
  );
  const silent = new World({ users: 3, qps: 0, behaviour, fleet: { claims: false } });
  silent.pass(1_000);
  assert.deepEqual([silent.total("noticesReceived"), silent.server.claims.length], [9, 0]);
});

const header = (length: number, opcode: number) => (view: DataView, at: number) => {
  view.setUint32(at, (length << 16) | opcode);
  return 12;
};
const OFFENCES: readonly [metric: string, behaviour: Behaviour][] = [
  ["badFramesTooShort", { afterLogin: () => header(12, 3) }],
  ["badFramesTooLong", { afterLogin: () => header(60, 3) }],
  ["badFramesUnknown", { afterLogin: () => header(16, 999) }],
  ["badFramesUnknown", { afterLogin: (user) => shakeResponse(user, 3) }],
  ["badFramesUnknown", { afterLogin: (user) => award(user, 0, 100) }],
  ["badFramesUnexpected", { afterLogin: (user) => loginResponse(user) }],
  ["badFramesUnexpected", { instead: (user) => shakeResponse(user, ShakeResult.nothing) }],
  ["badFramesWrongUser", { instead: (user) => loginResponse(user + 1) }],
  ["badFramesWrongUser", { afterLogin: (user) => shakeResponse(user + 1, ShakeResult.nothing) }],
  ["loginsRefused", { instead: (user) => loginResponse(user, 3) }],
];

for (const [i, [metric, behaviour]] of OFFENCES.entries()) {
  Deno.test(`a server's offence ${i + 1}, ${metric}, closes that one connection and is counted`, () => {
    const offends = (user: number) => user === 0;
    const world = new World({
      users: 3,
      qps: 0,
      behaviour: {
        instead: (user) => offends(user) ? behaviour.instead?.(user) : undefined,
        afterLogin: (user, connection) =>
          offends(user) ? behaviour.afterLogin?.(user, connection) : undefined,
      },
    });
    world.runUntil(() => world.total(metric) === 1);
    world.runUntil(() => world.total("disconnects") === 1);
    world.runUntil(() => world.total(metric) === 3, 60_000); // he tries again, and it happens again
    assert.equal(world.total("connects"), world.total("disconnects") + world.total("usersConnected"));
    assert.ok(world.server.logins.filter((user) => user !== 0).length === 2, "the others stay");
    assertSums(world);
  });
}

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
