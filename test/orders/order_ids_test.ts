/** A host has so many packet ids and no more: what was ordered has its own, over a restart too, and nobody else gets them. */
import assert from "node:assert/strict";
import { LedgerFiller } from "../../bench/ledger_filler.ts";
import { idSpaceOf } from "../../core/base/id_space.ts";
import { Random } from "../../core/base/random.ts";
import { SimNetwork } from "../../core/engine/sim/network.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import send from "../../plugins/send/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import { SimHost } from "../../core/world/host/sim_host.ts";
import { SimStore } from "../sim/sim_store.ts";

const HOST = 3;
const { firstGenerated, lastGenerated } = idSpaceOf(HOST);
const IDS = lastGenerated + 1 - firstGenerated;

/** A host with a number, which can be killed and started again. */
class NumberedWorld {
  readonly network = new SimNetwork(1, {});
  readonly store = new SimStore(new Random(1));
  host!: SimHost;
  ledger!: StoredLedger;

  /** @param taken how many packets it has before it starts for the first time */
  constructor(taken = 0) {
    this.store.hostNumber = HOST;
    if (taken > 0) {
      const ledger = this.#open();
      const mint = { packetId: firstGenerated, count: taken, amountFen: taken, sponsor: 1 };
      new LedgerFiller(ledger).enter(EntryKind.mint, mint);
      assert.ok(ledger.commit());
    }
    this.start();
  }

  #open(): StoredLedger {
    return new StoredLedger(
      openJudge(this.store, undefined, NO_LIMITS).judge,
      this.store,
      this.network.clock,
    );
  }

  start(): void {
    this.ledger = this.#open();
    this.host = new SimHost(this.network, {
      plugins: [{ plugin: shake }, { plugin: send }],
      ledger: this.ledger,
      hostNumber: HOST,
    });
  }

  async pass(ms: number): Promise<void> {
    const { clock } = this.network;
    for (const untilMs = clock.monotonicMs() + ms; clock.monotonicMs() < untilMs;) {
      const nextMs = clock.monotonicMs() + 10;
      this.network.at(nextMs, () => {});
      this.network.run([this.host], () => clock.monotonicMs() >= nextMs);
      for (let i = 0; i < 6; i++) await Promise.resolve();
    }
  }

  /** Places an order of packets; returns how it was answered: 200, or why not. */
  order(total: number, ratePerS = 1): { status?: number; message?: string } {
    const answer: { status?: number; message?: string } = {};
    this.host.request("post", "/packets", { ratePerS, total }).then(
      () => answer.status = 200,
      (error) => Object.assign(answer, { status: error.status, message: error.message }),
    );
    return answer;
  }

  async ordered(total: number): Promise<number | undefined> {
    const answer = this.order(total);
    await this.pass(50);
    return answer.status;
  }
}

Deno.test("what is ordered has its ids at once, also while the order is on its way to the disk", async () => {
  const world = new NumberedWorld();
  await world.pass(50);
  const both = [world.order(IDS - 1_000), world.order(IDS - 1_000)];
  await world.pass(50);
  assert.deepEqual(both.map(({ status }) => status), [200, 422]);
  assert.match(both[1].message!, /^this host has 1000 packet ids left/);
  assert.equal(await world.ordered(1_001), 422);
  assert.equal(await world.ordered(1_000), 200);
  assert.equal(await world.ordered(1), 422);
});

Deno.test("a restart, and packets that are made, leave exactly as many ids", async () => {
  const world = new NumberedWorld();
  await world.pass(50);
  assert.equal(await world.ordered(IDS - 1_000), 200);
  await world.pass(5_000);
  assert.ok(world.ledger.nextPacketId > firstGenerated, "some are made");
  world.host.kill();
  world.start();
  await world.pass(50);
  assert.equal(await world.ordered(1_001), 422);
  assert.equal(await world.ordered(1_000), 200);
});

Deno.test("what an ended order never made can be ordered again", async () => {
  const world = new NumberedWorld();
  await world.pass(50);
  assert.equal(await world.ordered(IDS), 200);
  const { orders: [{ order }] } = world.host.halves.orders.list() as { orders: { order: number }[] };
  void world.host.halves.orders.end(order);
  await world.pass(2_000);
  assert.equal(await world.ordered(IDS - 1_000), 200);
});

Deno.test("how far an order is, in packets and fen, is told over a restart as if there had been none", async () => {
  const world = new NumberedWorld();
  await world.pass(50);
  assert.equal(await world.ordered(200), 200);
  await world.pass(30_000);
  const shown = () => (world.host.halves.orders.list() as { orders: Record<string, unknown>[] }).orders[0];
  const before = shown();
  const { sourceFen } = world.ledger.balances();
  assert.ok(before.made as number > 0 && before.made as number < 200);
  assert.deepEqual([before.total, before.madeFen, before.state], [200, -sourceFen, "running"]);
  world.host.kill();
  world.start();
  await world.pass(50);
  const { made, madeFen, state } = shown();
  assert.ok(made as number >= (before.made as number), "it goes on from there");
  assert.deepEqual([madeFen, state], [-world.ledger.balances().sourceFen, "running"]);
});

Deno.test("an order whose ids users' sends have taken fails, and says why", async () => {
  const world = new NumberedWorld(IDS - 40);
  await world.pass(50);
  const sends = { ratePerS: 1_000, total: 30, users: [1, 100], amountFen: 100 };
  const order = world.order(40, 5);
  await world.pass(50);
  assert.equal(order.status, 200);
  void world.host.request("post", "/sends", sends);
  await world.pass(20_000);
  const { orders } = world.host.halves.orders.list() as {
    orders: { route: string; state: string; reason?: string }[];
  };
  const failed = orders.find(({ route }) => route === "POST /packets")!;
  assert.equal(failed.state, "failed");
  assert.match(failed.reason!, /idsTaken/);
  assert.equal(world.host.counters.total("ordersFailed"), 1);
  openJudge(world.store, undefined, NO_LIMITS).judge.check();
});
