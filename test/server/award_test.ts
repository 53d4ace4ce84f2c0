/** What becomes of an award between the ledger and its user, in virtual time. */
import assert from "node:assert/strict";
import { LedgerState } from "../../core/ledger/ring/ledger_board.ts";
import { MemoryLedger } from "../../core/ledger/judge/memory_ledger.ts";
import { Random } from "../../core/base/random.ts";
import { ShakeResult } from "../../core/wire/codes.ts";
import shake from "../../plugins/shake/mod.ts";
import type { Answer, SimPeer } from "../sim/sim_client.ts";
import { World } from "../sim/sim_world.ts";

const ORDER = { ratePerS: 100, total: 100, minFen: 7, maxFen: 7 };

/** A world in which this user's next shake wins. */
async function worldWithPackets(options: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = new World(options);
  world.user(1).shake(1);
  await world.makePackets(ORDER);
  await world.untilLeased();
  return world;
}

function wins(peer: SimPeer): Answer[] {
  return peer.shakes.filter(({ result }) => result === ShakeResult.won);
}

/** Shakes until the user has won once more. */
async function win(world: World, peer: SimPeer, user: number): Promise<Answer> {
  const before = wins(peer).length;
  await world.settle(() => {
    if (wins(peer).length === before && world.total("repliesDeferred") === answered(world)) peer.shake(user);
    return wins(peer).length > before;
  }, 5);
  return wins(peer)[before];
}

/** Deferred replies that were given. */
function answered(world: World): number {
  return world.total("shakeWon") + world.total("shakeAwardsRefused") + world.total("verdictsLate");
}

Deno.test("an award that may not have arrived is said again at each login, and no more once it has", async () => {
  const world = await worldWithPackets();
  const first = await win(world, world.user(2), 2);
  for (let login = 0; login < 3; login++) {
    const again = world.user(2);
    world.until(() => wins(again).length === 1);
    assert.deepEqual(wins(again)[0], first, "with the same packet and amount");
    again.abort();
    world.pass(50);
  }
  assert.equal(world.total("awardsRepeated"), 3);
  const last = world.user(2);
  world.until(() => wins(last).length === 1);
  world.pass(1_100);
  last.shake(2); // a second later: it must have got there
  world.until(() => world.total("awardsDelivered") === 1);
  world.pass(50);
  last.close();
  world.pass(50);
  const later = world.user(2);
  world.pass(500);
  assert.ok(wins(later).every(({ packetId }) => packetId !== first.packetId));
});

Deno.test("a frame within the same second doesn't show that an award has arrived", async () => {
  const world = await worldWithPackets();
  const peer = world.user(2);
  await win(world, peer, 2);
  world.pass(900);
  peer.shake(2);
  world.pass(20);
  assert.equal(world.total("awardsDelivered"), 0);
});

Deno.test("one user's awards are never said to another", async () => {
  const world = await worldWithPackets();
  await win(world, world.user(2), 2);
  const other = world.user(3);
  world.pass(500);
  assert.deepEqual(wins(other), []);
});

Deno.test("a winner whose verdict is late is told: overloaded, and gets the award at their next login", async () => {
  const world = await worldWithPackets({ verdictMs: 2_000 });
  const peer = world.user(2);
  world.host.isLedgerStuck = true;
  peer.shake(2);
  world.pass(1_990);
  assert.equal(peer.shakes.length, 0, "they wait");
  world.pass(20);
  assert.equal(peer.shakes[0].result, ShakeResult.overloaded);
  world.host.isLedgerStuck = false;
  world.pass(100);
  assert.equal(peer.shakes.length, 1, "the verdict that comes after all is not sent");
  assert.equal(world.total("verdictsLate"), 1);
  const again = world.user(2);
  world.until(() => wins(again).length === 1);
  assert.deepEqual(world.host.ledger.awardOf(wins(again)[0].packetId), { user: 2, amountFen: 7 });
});

/** A world in which so many winners wait for a ledger that has just committed all of them. */
async function worldWithCommit(winners: number): Promise<World> {
  const world = new World({ seats: 2 * winners, ringEntries: 1_024, plugins: [{ plugin: shake }] });
  const peers = Array.from({ length: winners }, (_, i) => world.user(i + 1));
  await world.makePackets({ ...ORDER, ratePerS: 2 * winners, total: 2 * winners });
  world.host.isLedgerStuck = true;
  const shaken = peers.map(() => 0);
  await world.settle(() => {
    peers.forEach((peer, i) => {
      if (peer.shakes.length < shaken[i]) return;
      shaken[i]++;
      peer.shake(i + 1);
    });
    return world.total("repliesDeferred") === winners;
  }, 20);
  world.host.isLedgerStuck = false;
  world.host.turn();
  assert.equal(world.total("shakeWon"), 0);
  return world;
}

Deno.test("who wins nothing doesn't wait behind the winners of a whole commit: a pass answers some of them", async () => {
  const world = await worldWithCommit(150);
  const nowMs = world.network.clock.monotonicMs();
  for (const won of [64, 128, 150]) {
    assert.ok(world.host.nextDueMs() <= nowMs, "without a wait between");
    world.host.turn();
    assert.equal(world.total("shakeWon"), won);
  }
});

Deno.test("after a halt, winners whose verdicts are there are not told that it takes too long", async () => {
  const world = await worldWithCommit(150);
  world.network.clock.advance(3_000);
  for (let turn = 0; turn < 3; turn++) world.host.turn();
  assert.equal(world.total("verdictsLate"), 0);
  assert.equal(world.total("shakeWon"), 150);
});

Deno.test("of winners that have piled up a pass answers an eighth, so that they are soon answered too", async () => {
  const world = await worldWithCommit(800);
  for (const won of [100, 188, 265]) {
    world.host.turn();
    assert.equal(world.total("shakeWon"), won);
  }
});

Deno.test("while the ledger can't award, shakes get nothing at once, and no packet moves", async () => {
  const world = await worldWithPackets();
  world.host.isLedgerStuck = true;
  for (const state of [LedgerState.starting, LedgerState.failing]) {
    world.host.ledgerBoard.state = state;
    const peer = world.user(2).shake(2);
    world.until(() => peer.shakes.length === 1);
    assert.equal(peer.shakes[0].result, ShakeResult.nothing);
  }
  assert.equal(world.total("shakePacketsDrawn"), 0);
  assert.equal(world.total("shakeLedgerFull"), 2);
});

Deno.test("who logs in while the ledger is read hears of their awards once that is done", async () => {
  const world = await worldWithPackets();
  await win(world, world.user(2), 2);
  world.host.isLedgerStuck = true;
  world.host.ledgerBoard.state = LedgerState.starting;
  const peer = world.user(2);
  world.pass(500);
  assert.deepEqual(wins(peer), []);
  world.host.isLedgerStuck = false;
  world.host.ledgerBoard.state = LedgerState.awarding;
  world.until(() => wins(peer).length === 1);
});

Deno.test("with no place in the ring to the ledger a shake gets nothing, and no packet moves", async () => {
  const world = await worldWithPackets({ ringEntries: 4 });
  const peers = Array.from({ length: 8 }, (_, i) => world.user(10 + i));
  world.pass(10);
  world.host.isLedgerStuck = true;
  peers.forEach((peer, i) => peer.shake(10 + i));
  world.pass(50);
  const nothing = peers.filter(({ shakes }) => shakes[0]?.result === ShakeResult.nothing).length;
  assert.equal(nothing, 4);
  assert.equal(world.total("shakePacketsDrawn"), 4);
});

Deno.test("who is refused one sponsor's packet gets another's, and their own limit doesn't hold up others", async () => {
  const ledger = new MemoryLedger({ packetsPerUser: 3, packetsPerSponsor: 1 });
  const world = new World({ ledger });
  const peer = world.user(1).shake(1);
  await world.ask("post", "/packets", { ...ORDER, minFen: 1, sponsors: 4 });
  for (let i = 0; i < 300; i++) {
    peer.shake(1);
    await world.settle(() => true, world.pass(10) as undefined);
  }
  assert.equal(wins(peer).length, 3, "three sponsors' packets, and no more");
  assert.ok(world.total("shakeAtLimit") > 0, "after that they aren't asked about any more");
  const other = world.user(2);
  for (let i = 0; i < 100; i++) {
    other.shake(2);
    await world.settle(() => true, world.pass(10) as undefined);
  }
  assert.equal(wins(other).length, 3, "the packets that they were refused are others'");
  const { inPool, leased, won } = world.shakeStatus();
  assert.equal(inPool + leased + won, 100, "and none is lost");
});

Deno.test("one user on 64 connections over all workers, shaking at once, is never above a limit", async () => {
  const rounds = Number(Deno.env.get("REDPKT_ROUNDS") ?? 100);
  const ledger = new MemoryLedger({ packetsPerUser: 3, packetsPerSponsor: 1 });
  const world = new World({ ledger, workers: 4, setsPerWorker: 2, seats: 20, ringEntries: 256 }, {}, 5);
  const random = new Random(5);
  await world.ask("post", "/packets", {
    ratePerS: 5_000,
    total: 10_000,
    minFen: 1,
    maxFen: 9,
    sponsors: 5,
  });
  for (let round = 0; round < rounds; round++) {
    const user = 100 + round;
    const peers = Array.from({ length: 64 }, () => world.client.dial().login(user));
    world.until(() => peers.every(({ answers }) => answers.length > 0));
    for (let times = 0; times < 3; times++) {
      for (const peer of peers) peer.shake(user);
      await world.settle(() => true, world.pass(random.between(1, 15)) as undefined);
    }
    const packets = new Set(peers.flatMap((peer) => wins(peer).map(({ packetId }) => packetId)));
    assert.ok(packets.size <= 3, `round ${round}: ${packets.size} packets`);
    for (const packetId of packets) assert.equal(ledger.awardOf(packetId)?.user, user);
    for (const peer of peers) peer.abort();
    world.until(() => world.total("connections") === 0);
  }
  assert.ok(world.total("shakeWon") > rounds, "they won at all");
  assert.ok(world.total("shakeWon") <= rounds * 3);
});
