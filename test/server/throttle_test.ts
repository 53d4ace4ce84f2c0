/** Plugin `throttle`, whole, in virtual time. */
import assert from "node:assert/strict";
import { ShakeResult } from "../../core/wire/codes.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import { World } from "../sim/sim_world.ts";

function worldWith(
  config: Record<string, number>,
  place: { workers?: number; setsPerWorker?: number } = {},
): World {
  return new World({ plugins: [{ plugin: throttle, config }, { plugin: shake }], seats: 50, ...place });
}

function overloaded({ shakes }: SimPeer): number {
  return shakes.filter(({ result }) => result === ShakeResult.overloaded).length;
}

Deno.test("a connection has its burst, and then its rate", async () => {
  const world = worldWith({ connectionPerS: 10, connectionBurst: 5 });
  const [hammer, calm] = [world.user(1), world.user(2)];
  for (let i = 0; i < 20; i++) hammer.shake(1);
  calm.shake(2);
  await world.settle(() => hammer.shakes.length === 20 && calm.shakes.length === 1);
  assert.equal(overloaded(hammer), 15, "every shake is answered, those over the burst with 17");
  assert.equal(overloaded(calm), 0);
  world.pass(1_000);
  for (let i = 0; i < 10; i++) hammer.shake(1);
  await world.settle(() => hammer.shakes.length === 30);
  assert.equal(overloaded(hammer), 15 + 5, "a second later the burst is there again");
  assert.equal(world.total("throttleByConnection"), 20);
});

Deno.test("a new user of a seat doesn't inherit the bucket of the one before", async () => {
  const world = worldWith({ connectionPerS: 1, connectionBurst: 1 });
  const first = world.user(1).shake(1).shake(1);
  await world.settle(() => first.shakes.length === 2);
  assert.equal(overloaded(first), 1);
  first.close();
  world.until(() => world.total("connections") === 0);
  const second = world.user(2).shake(2);
  await world.settle(() => second.shakes.length === 1);
  assert.equal(overloaded(second), 0);
});

Deno.test("the host's cap holds over all SETs and workers, wherever the shakes come", async () => {
  const capPerS = 1_000;
  const world = worldWith({ hostPerS: capPerS, connectionPerS: 10_000, connectionBurst: 10_000 }, {
    workers: 2,
    setsPerWorker: 4,
  });
  const peers = Array.from({ length: 8 }, (_, i) => world.user(i));
  // Two of eight SETs have nearly all of the load: 3,000 shakes a second.
  const shakeFor = async (seconds: number) => {
    for (let i = 0; i < seconds * 100; i++) {
      for (let k = 0; k < 15; k++) for (const user of [0, 1]) peers[user].shake(user);
      peers[2 + i % 6].shake(2 + i % 6);
      await world.settle(() => true, world.pass(10) as undefined);
    }
  };
  await shakeFor(2);
  const before = world.total("throttleAdmitted");
  await shakeFor(3);
  const perS = (world.total("throttleAdmitted") - before) / 3;
  assert.ok(perS <= capPerS * 1.02, `${perS}/s were admitted`);
  assert.ok(perS >= capPerS * 0.75, `${perS}/s were admitted: the shares follow the demand`);
  assert.ok(world.total("throttleByHost") > 0);
});
