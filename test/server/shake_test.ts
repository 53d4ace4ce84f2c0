/** Plugin `shake`, whole: packets are made, dealt, won, and given back, in virtual time. */
import assert from "node:assert/strict";
import { Random } from "../../core/base/random.ts";
import { ShakeResult } from "../../core/wire/codes.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import { World } from "../sim/sim_world.ts";

Deno.test("packets are made at their rate, and within their bounds", async () => {
  const world = new World();
  world.user(1).shake(1);
  await world.makePackets({ ratePerS: 100, total: 1_000, minFen: 3, maxFen: 9 });
  await world.settle(() => world.shakeStatus().made >= 300, 10);
  const seconds = world.network.clock.monotonicMs() / 1000;
  const { made, madeFen } = world.shakeStatus();
  // They enter the ledger up to a second before their time.
  assert.ok(made <= (seconds + 1) * 100 + 1, `${made} packets in ${seconds} s`);
  assert.ok(madeFen >= made * 3 && madeFen <= made * 9);
  const { sourceFen, poolFen, userFen } = world.host.ledger.balances();
  assert.equal(-sourceFen, madeFen);
  assert.equal(sourceFen + poolFen + userFen, 0);
});

Deno.test("a repeated order with the same key makes nothing new; with another body it is refused", async () => {
  const world = new World();
  const order = { ratePerS: 10, total: 10, minFen: 1, maxFen: 1 };
  const key = { "idempotency-key": "a" };
  const first = await world.ask("post", "/packets", order, key);
  const again = await world.ask("post", "/packets", order, key);
  assert.deepEqual(again, { ...first as object, repeated: true });
  await assert.rejects(
    () => world.ask("post", "/packets", { ...order, total: 11 }, key),
    /another body/,
  );
  await world.settle(() => world.shakeStatus().made === 10, 10);
  for (let i = 0; i < 200; i++) await world.settle(() => true, world.pass(10) as undefined);
  assert.equal(world.shakeStatus().made, 10);
});

Deno.test("one user who shakes on one of 200 SETs finds every packet", async () => {
  const world = new World({ workers: 2, setsPerWorker: 100, seats: 2 });
  const idle = Array.from({ length: 199 }, (_, i) => world.client.dial().login(1000 + i));
  world.until(() => idle.every(({ answers }) => answers.length === 1));
  const shaker = world.user(1);
  shaker.shake(1);
  await world.makePackets({ ratePerS: 20, total: 20, minFen: 1, maxFen: 1 });
  // A person shakes about once a second.
  for (let second = 0; second < 40; second++) {
    shaker.shake(1);
    await world.settle(() => shaker.shakes.length >= second + 2, 10);
    for (let i = 0; i < 95; i++) await world.settle(() => true, world.pass(10) as undefined);
  }
  assert.equal(world.total("shakeWon"), 20);
  assert.equal(
    new Set(shaker.shakes.filter(({ packetId }) => packetId > 0).map(({ packetId }) => packetId)).size,
    20,
  );
});

Deno.test("'all gone' is said only when the whole host has none and none is to come", async () => {
  const world = new World({ workers: 2, setsPerWorker: 2, seats: 10 });
  const peers = Array.from({ length: 8 }, (_, i) => world.user(i));
  const shakeAll = async () => {
    const before = peers.map(({ shakes }) => shakes.length);
    peers.forEach((peer, i) => peer.shake(i));
    await world.settle(() => peers.every(({ shakes }, i) => shakes.length === before[i] + 1), 5);
  };
  await shakeAll();
  assert.ok(
    peers.every(({ shakes }) => shakes[0].result === ShakeResult.nothing),
    "before the first order: nothing",
  );
  await world.makePackets({ ratePerS: 50, total: 100, minFen: 1, maxFen: 1 });
  const goneBefore: number[] = [];
  for (let round = 0; round < 400 && world.total("shakeWon") < 100; round++) {
    await shakeAll();
    goneBefore.push(world.total("shakeAllGone"));
  }
  assert.equal(world.total("shakeWon"), 100);
  assert.equal(goneBefore.at(-2), 0, "never while a packet was left");
  await world.settle(() => world.shakeStatus().isAllGone, 10);
  world.pass(50);
  await shakeAll();
  assert.ok(peers.every(({ shakes }) => shakes.at(-1)!.result === ShakeResult.allGone));
  await world.makePackets({ ratePerS: 50, total: 50, minFen: 1, maxFen: 1 });
  world.pass(50);
  await shakeAll();
  assert.ok(
    peers.every(({ shakes }) => shakes.at(-1)!.result !== ShakeResult.allGone),
    "more are to come now",
  );
});

const SEEDS = Number(Deno.env.get("REDPKT_SIM_SEEDS") ?? 12);
const FIRST_SEED = Number(Deno.env.get("REDPKT_SIM_SEED") ?? 1);

for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
  Deno.test(`with users who come, go, reset and shake at random, no packet is lost or given twice (seed ${seed})`, async () => {
    await chaos(seed);
  });
}

/** A faulty network and restless users; repeat one run with REDPKT_SIM_SEED=n REDPKT_SIM_SEEDS=1. */
async function chaos(seed: number): Promise<void> {
  const random = new Random(seed);
  const network = { splitProbability: 0.2, stallProbability: 0.02, stallMs: 300, resetProbability: 0.002 };
  const world = new World(
    { workers: 1 + random.below(3), setsPerWorker: 1 + random.below(4), seats: 20, seed, ringEntries: 8 },
    network,
    seed,
  );
  const total = 200;
  const won = new Map<number, { user: number; amountFen: number }>();
  const peers = new Map<number, SimPeer>();
  const everyone: SimPeer[] = [];
  await world.ask("post", "/packets", { ratePerS: 100, total, minFen: 1, maxFen: 500 });
  for (let step = 0; step < 3_000 && world.total("shakeWon") < total; step++) {
    const user = random.below(15);
    const chance = random.float();
    const peer = peers.get(user);
    if (peer === undefined || peer.closeCause !== undefined) {
      const fresh = world.client.dial().login(user);
      peers.set(user, fresh);
      everyone.push(fresh);
    } else if (chance < 0.02) peer.abort();
    else if (chance < 0.04) peer.close();
    else peer.shake(user);
    world.host.isLedgerStuck = random.float() < 0.3;
    world.pass(random.between(1, 30));
    await Promise.resolve();
    await Promise.resolve();
  }
  world.host.isLedgerStuck = false;
  world.pass(1_000); // the ledger answers what is open
  for (const { user, packetId, amountFen } of everyone.flatMap(({ shakes }) => shakes)) {
    if (packetId === 0) continue;
    const before = won.get(packetId);
    // A login repeats what may not have arrived: the same packet, for the same user.
    assert.ok(before === undefined || before.user === user, `packet ${packetId} reached one user`);
    won.set(packetId, { user, amountFen });
    assert.deepEqual(
      world.host.ledger.awardOf(packetId),
      { user, amountFen },
      "what is seen is in the ledger",
    );
  }
  const { made, madeFen, released, inPool, leased, won: wonCount } = world.shakeStatus();
  const { sourceFen, poolFen, userFen } = world.host.ledger.balances();
  assert.equal(-sourceFen, madeFen);
  assert.equal(sourceFen + poolFen + userFen, 0);
  assert.equal(world.total("shakeAmountWonFen"), userFen);
  // Every packet that was due is in exactly one place: won, in the pool, or in a SET's hands.
  assert.equal(wonCount + inPool + leased, released);
  assert.ok(released <= made);
  if (made === total) assert.ok(wonCount > total / 2, "most packets found a shaker");
}
