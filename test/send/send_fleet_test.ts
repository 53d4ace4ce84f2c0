/** A real fleet of either version against a real host with plugin `send`, in virtual time. */
import assert from "node:assert/strict";
import { type Behaviour, behaviourSchema } from "../../core/client/population/behaviour.ts";
import { Fleet } from "../../core/client/fleet/fleet.ts";
import { fleetMetrics } from "../../core/client/state/metrics.ts";
import { Counters } from "../../core/counters/counters.ts";
import { SimEngine } from "../../core/engine/sim/sim.ts";
import type { SimActor } from "../../core/engine/sim/agenda.ts";
import { SimNetwork } from "../../core/engine/sim/network.ts";
import { Random } from "../../core/base/random.ts";
import { Waker } from "../../core/threads/waker.ts";
import { Tokens } from "../../core/token/token.ts";
import send from "../../plugins/send/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import { SimHost } from "../../core/world/host/sim_host.ts";

const LOOPBACK = 0x7f00_0001;
const tokenRules = { keys: [{ id: 1, secret: new Uint8Array(16) }], event: "e" };
const tokens = new Tokens(tokenRules);

class FleetAndHost {
  readonly network = new SimNetwork(1);
  readonly host: SimHost;
  readonly fleet: Fleet;
  readonly counters = new Counters(fleetMetrics, 1);
  readonly #actors: SimActor[];

  constructor(protocol: 0 | 1, users: number, behaviour: Partial<Behaviour>, qps = 0) {
    this.host = new SimHost(this.network, {
      plugins: [{ plugin: shake }, { plugin: send }],
      workers: 2,
      setsPerWorker: 3,
      seats: 100,
      ringEntries: 512,
      tokenRules,
    });
    const { clock } = this.network;
    const engine = new SimEngine({ capacity: users, clock, waker: new Waker(), network: this.network });
    this.fleet = new Fleet({
      engine,
      clock,
      random: new Random(1),
      counters: this.counters,
      block: 0,
      slice: { first: 0, stride: 1, count: users },
      total: users,
      qps,
      pacing: "smooth",
      targets: [{ address: LOOPBACK, port: 1025, source: 0 }],
      connectRate: 1_000,
      behaviour: behaviourSchema.parse(behaviour),
      protocol,
      tokens,
    });
    const actor = {
      turn: () => void this.fleet.pass(0),
      nextDueMs: () => Math.min(this.fleet.nextDueMs(), engine.nextDueMs()),
    };
    this.#actors = [this.host, actor];
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 5) {
      const untilMs = this.network.clock.monotonicMs() + 5;
      this.network.at(untilMs, () => {});
      this.network.run(this.#actors, () => this.network.clock.monotonicMs() >= untilMs);
      await Promise.resolve();
      await Promise.resolve();
    }
  }

  async order(path: string, body: unknown): Promise<void> {
    void this.host.request("post", path, body);
    await this.pass(50);
  }

  seen(name: string): number {
    return this.counters.total(name);
  }
}

Deno.test("version 1 users send to their groups, claim, chat and shake; both sides count the same", async () => {
  const world = new FleetAndHost(1, 40, {
    sendsPerS: 10,
    chatsPerS: 5,
    groupSize: 10,
    shares: 4,
    sendFen: 100,
  }, 50);
  await world.order("/fund", { users: [0, 39], amountFen: 10_000 });
  await world.order("/groups", {
    groups: [0, 1, 2, 3].map((i) => ({ group: i + 1, users: [10 * i, 10 * i + 9] })),
  });
  await world.order("/packets", { ratePerS: 20, total: 100, minFen: 1, maxFen: 9 });
  await world.pass(10_000);
  assert.equal(world.seen("usersReady"), 40);
  world.fleet.obey({ order: "behave", behaviour: behaviourSchema.parse({}) });
  world.fleet.obey({ order: "rate", qps: 0 });
  await world.pass(1_000);
  assert.ok(world.seen("sendsSent") >= 90);
  assert.equal(world.seen("sendsDone"), world.seen("sendsSent"));
  assert.equal(world.seen("noticesReceived"), world.seen("sendsDone") * 10);
  assert.equal(world.seen("claimsPaid"), world.seen("sendsDone") * 4);
  assert.equal(world.seen("claimsEmpty"), world.seen("sendsDone") * 6);
  assert.equal(world.seen("amountClaimedFen"), world.seen("sendsDone") * 100);
  assert.equal(world.seen("claimsPaid"), world.host.counters.total("sendClaimsPaid"));
  assert.equal(world.seen("chatsReceived"), world.seen("chatsTaken") * 9);
  assert.ok(world.seen("chatsTaken") >= 40);
  assert.ok(world.seen("shakesWon") > 50);
  assert.equal(world.seen("shakesAnswered"), world.seen("shakesSent"));
  assert.equal(
    world.host.counters.total("awardsDelivered"),
    world.seen("shakesWon") + world.seen("claimsPaid"),
  );
  assert.equal(world.seen("packetsOpened"), world.seen("shakesWon"));
  assert.equal(world.seen("amountOpenedFen"), world.seen("amountWonFen"));
  assert.equal(world.host.counters.total("shakeOpened"), world.seen("shakesWon"));
  const { sourceFen, poolFen, heldFen, userFen, packetFen } = world.host.ledger.balances();
  assert.equal(sourceFen + poolFen + userFen, 0);
  assert.deepEqual([heldFen, packetFen], [0, 0]);
});

Deno.test("what is sent counts with the amount that it was sent with, whatever users send by the time of the answer", async () => {
  const world = new FleetAndHost(1, 40, { sendsPerS: 170, sendFen: 100 });
  await world.order("/fund", { users: [0, 39], amountFen: 1_000_000 });
  await world.pass(500);
  for (let i = 0; i < 300; i++) {
    world.fleet.obey({
      order: "behave",
      behaviour: behaviourSchema.parse({ sendsPerS: 170, sendFen: 100 + i }),
    });
    await world.pass(10);
  }
  world.fleet.obey({ order: "behave", behaviour: behaviourSchema.parse({}) });
  await world.pass(500);
  assert.ok(world.seen("sendsDone") > 300);
  assert.equal(world.seen("sendsDone"), world.seen("sendsSent"));
  assert.equal(world.seen("amountSentFen"), world.host.counters.total("sendAmountFen"));
});

Deno.test("some users open what they win later, and some never do; what they don't is held", async () => {
  const world = new FleetAndHost(1, 40, { openPercent: 60, openAfterMs: [100, 1_000] }, 50);
  await world.order("/packets", { ratePerS: 20, total: 100, minFen: 1, maxFen: 9 });
  await world.pass(8_000);
  assert.equal(world.seen("shakesWon"), 100);
  assert.equal(world.seen("packetsOpened"), world.seen("opensSent"));
  assert.ok(world.seen("packetsOpened") > 30 && world.seen("packetsOpened") < 90);
  const { heldFen, userFen } = world.host.ledger.balances();
  assert.equal(userFen, world.seen("amountOpenedFen"));
  assert.equal(heldFen, world.seen("amountWonFen") - world.seen("amountOpenedFen"));
  assert.equal(world.host.ledger.unopened, 100 - world.seen("packetsOpened"));
});

Deno.test("late and ignored notices: who claims late still gets a share, who ignores leaves it", async () => {
  const world = new FleetAndHost(1, 40, { claimPercent: 50, claimAfterMs: [500, 2_000] });
  await world.pass(200);
  await world.order("/sends", { ratePerS: 100, total: 200, users: [0, 39], amountFen: 30 });
  await world.pass(5_000);
  const notices = world.seen("noticesReceived");
  assert.equal(notices, 600);
  assert.equal(world.seen("noticesIgnored") + world.seen("claimsSent"), notices);
  assert.ok(world.seen("noticesIgnored") > 200 && world.seen("noticesIgnored") < 400);
  assert.equal(world.seen("claimsPaid"), world.seen("claimsSent"));
});

Deno.test("version 0 users are told of server-made sends, and are paid", async () => {
  const world = new FleetAndHost(0, 30, {}, 30);
  await world.pass(200);
  await world.order("/sends", { ratePerS: 50, total: 100, users: [0, 29], amountFen: 300 });
  await world.pass(3_000);
  assert.equal(world.seen("noticesReceived"), 300);
  assert.equal(world.seen("claimsPaid"), 300);
  assert.equal(world.seen("amountClaimedFen"), 30_000);
});
