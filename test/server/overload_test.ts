/** Overload, in virtual time: the laws of `throttle` on a whole host whose loop reads only so fast. */
import assert from "node:assert/strict";
import { ShakeResult } from "../../core/wire/codes.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import type { SimHostOptions } from "../../core/world/host/sim_host.ts";
import { World } from "../sim/sim_world.ts";

function worldWith(config: Record<string, unknown>, place: Partial<SimHostOptions> = {}): World {
  return new World({ plugins: [{ plugin: throttle, config }, { plugin: shake }], seats: 300, ...place });
}

/** Users who log in, and shake one after the other at a rate; each waits for no answer. */
class Crowd {
  readonly peers: SimPeer[];
  readonly #world: World;
  #next = 0;

  constructor(world: World, users: number) {
    this.#world = world;
    this.peers = Array.from({ length: users }, (_, id) => world.client.dial().login(id));
    world.until(() => this.peers.every(({ answers }) => answers.length === 1));
  }

  /** Shakes for a while. Returns how many were answered with something else than "overloaded". */
  shake(perMs: number, ms: number): number {
    const before = this.#good();
    for (let passed = 0; passed < ms; passed += 5) {
      for (let i = 0; i < perMs * 5; i++) {
        const id = this.#next++ % this.peers.length;
        this.peers[id].shake(id);
      }
      this.#world.pass(5);
    }
    return this.#good() - before;
  }

  #good(): number {
    return this.peers.reduce(
      (sum, { shakes }) => sum + shakes.filter(({ result }) => result !== ShakeResult.overloaded).length,
      0,
    );
  }
}

const OPEN = { connectionPerS: 100_000, connectionBurst: 100_000 };

Deno.test("at ten times what a host can read, it answers nearly as much as at its best, and fast", () => {
  const readsPerMs = 2;
  const world = worldWith({ ...OPEN, targetMs: 20, staleMs: 40 }, { readsPerMs });
  const crowd = new Crowd(world, 200);
  const best = crowd.shake(readsPerMs * 0.95, 1_000);
  crowd.shake(readsPerMs * 10, 1_000); // until the level is reached
  assert.ok(world.total("throttleSetsReadingLess") > 0, "it reads less");
  assert.ok(world.total("throttleLevelRises") > 0, "and whoever scrapes later still sees that it did");
  const worst = crowd.shake(readsPerMs * 10, 1_000);
  assert.ok(worst >= 0.8 * best, `${worst} of ${best}`);
  assert.ok(world.total("throttleStale") > 0, "what waited too long is dropped unanswered");
});

Deno.test("after an overload everything is calm again within 2 s, with nothing left unread", () => {
  const world = worldWith({ ...OPEN, targetMs: 20 }, { readsPerMs: 2 });
  const crowd = new Crowd(world, 200);
  crowd.shake(20, 1_500);
  crowd.shake(0.2, 2_000);
  for (const gauge of ["throttleSetsStrained", "throttleSetsReadingLess"]) {
    assert.equal(world.total(gauge), 0);
  }
  assert.ok(crowd.shake(0.2, 500) >= 99, "each of 100 shakes is answered");
});

Deno.test("without levels the same overload makes everybody wait", () => {
  const world = worldWith({ ...OPEN, mostLevel: 0 }, { readsPerMs: 2 });
  const crowd = new Crowd(world, 200);
  crowd.shake(20, 1_000);
  const loop = world.host.loops[0];
  assert.ok(loop.waitedMs > 50, `the last one read has waited up to ${loop.waitedMs} ms`);
});

Deno.test("an operator sets a level, and it means what it says", async () => {
  const world = worldWith(OPEN);
  const peer = world.user(1).shake(1);
  world.until(() => peer.shakes.length === 1);
  await world.host.request("post", "/level", { level: 3 });
  world.pass(200);
  assert.equal(world.total("throttleSetsClaimsOnly"), 1);
  peer.shake(1);
  world.pass(200);
  assert.equal(peer.shakes.length, 1, "no shake is answered");
  const late = world.client.dial().login(2);
  world.pass(200);
  assert.equal(late.isOpen && late.answers.length > 0, false, "nobody is let in");
  await world.host.request("post", "/level", { level: 0 });
  world.pass(200);
  peer.shake(1);
  world.until(() => peer.shakes.length === 2);
  world.until(() => late.answers.length === 1);
});

Deno.test("one user on many connections has one user's rate, in one SET and over several", async () => {
  for (const setsPerWorker of [1, 4]) {
    const world = worldWith({ connectionPerS: 10, connectionBurst: 10 }, { setsPerWorker });
    const peers = Array.from({ length: 8 }, () => world.user(7));
    const other = world.user(8);
    for (let ms = 0; ms < 6_000; ms += 50) {
      for (const peer of peers) peer.shake(7);
      await world.settle(() => true, world.pass(50) as undefined);
    }
    const before = world.total("throttleAdmitted");
    for (let ms = 0; ms < 4_000; ms += 50) {
      for (const peer of peers) peer.shake(7);
      await world.settle(() => true, world.pass(50) as undefined);
    }
    const perS = (world.total("throttleAdmitted") - before) / 4;
    assert.ok(perS <= 15, `${setsPerWorker} SETs: ${perS}/s instead of 10`);
    other.shake(8);
    await world.settle(() => other.shakes.length === 1);
    assert.notEqual(other.shakes[0].result, ShakeResult.overloaded);
  }
});

Deno.test("who shakes over their rate is answered each time, and who floods once a rest", () => {
  const world = worldWith({ connectionPerS: 2, connectionBurst: 2 });
  const patient = world.user(1);
  for (let shakes = 1; shakes <= 20; shakes++) {
    patient.shake(1);
    world.until(() => patient.shakes.length === shakes);
  }
  const flooding = world.user(2);
  for (let i = 0; i < 3; i++) flooding.shake(2);
  world.until(() => flooding.shakes.length === 3);
  for (let i = 0; i < 200; i++) flooding.shake(2);
  world.pass(250);
  assert.ok(flooding.shakes.length <= 3 + 2, `${flooding.shakes.length - 3} answers`);
  assert.ok(world.total("throttleUnanswered") >= 190, "the others are dropped, and counted");
});

Deno.test("a user who logs in over and over is told to come later, and no other", () => {
  const world = worldWith({ userLoginsPerMinute: 6, userLoginBurst: 3 });
  for (let i = 0; i < 3; i++) world.user(5);
  const fourth = world.client.dial().login(5);
  world.until(() => fourth.closeCause !== undefined);
  assert.deepEqual(fourth.answers.map(({ result }) => result), [17]);
  assert.equal(world.total("closedTooManyLogins"), 1);
  world.user(6);
});

Deno.test("a host takes so many peers a second, loses none, and turns away those over its cap", () => {
  const world = worldWith({ acceptsPerS: 100, connections: 150 }, { workers: 2 });
  const peers = Array.from({ length: 160 }, () => world.client.dial());
  world.pass(1_000);
  const open = world.total("connections");
  assert.ok(open >= 90 && open <= 115, `${open} after a second`);
  world.pass(1_500);
  assert.equal(world.total("connections"), 150);
  world.until(() => peers.filter(({ closeCause }) => closeCause !== undefined).length === 10);
});

Deno.test("peers that are slow or dead are closed in time, each for its reason", () => {
  const limits = { loginS: 5, frameS: 5, readS: 5, idleS: 20 };
  const world = worldWith({}, { limits });
  const silent = world.connect();
  const half = world.user(1).send([0, 16, 0, 2]);
  const user = world.user(2);
  world.pass(7_500);
  assert.deepEqual([silent, half, user].map(({ closeCause }) => closeCause === undefined), [
    false,
    false,
    true,
  ]);
  assert.deepEqual([world.total("closedLoginTimeout"), world.total("closedFrameTimeout")], [1, 1]);
  user.shake(2);
  world.pass(19_000);
  assert.equal(user.closeCause, undefined);
  world.pass(4_000);
  assert.equal(world.total("closedIdle"), 1);
});
