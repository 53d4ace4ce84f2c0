/** A fleet of phones follows what a host tells: both real, in virtual time. */
import assert from "node:assert/strict";
import { FollowWorld } from "./follow_world.ts";

Deno.test("phones with wrong clocks shake from the cue's start to its end, within 100 ms of each other", async () => {
  for (const seed of [1, 2]) {
    const world = new FollowWorld({
      users: 500,
      seed,
      network: { delayMs: [5, 200] },
      fleet: { qps: 2_000 },
    });
    await world.order("/cue", { inS: 12, lengthS: 5 });
    world.pass(5_000);
    assert.equal(world.total("cuesHeard"), 500, `seed ${seed}`);
    assert.equal(world.grew("shakesSent", 6_750), 0, `seed ${seed}: nobody is early`);
    assert.ok(world.grew("shakesSent", 350) > 0, `seed ${seed}: it begins`);
    const inFull = world.grew("shakesSent", 4_650);
    assert.ok(inFull > 0.95 * 4.65 * 2_000, `seed ${seed}: all shake, ${inFull}`);
    world.pass(400);
    assert.equal(world.grew("shakesSent", 3_000), 0, `seed ${seed}: nobody goes on`);
    const errorMs = world.percentile("countdownErrorUs", 99) / 1000;
    // The way here alone is up to 200 ms: it takes a ping, and the best of several.
    assert.ok(errorMs > 0 && errorMs <= 100, `seed ${seed}: countdowns are off by ${errorMs} ms`);
  }
});

Deno.test("a cue that is moved, held and withdrawn moves the phones; who disobeys goes on", async () => {
  const world = new FollowWorld({ users: 200, fleet: { qps: 1_000, disobey: 0.25 } });
  await world.order("/cue", { inS: 8, lengthS: 60 });
  world.pass(5_000);
  await world.order("/cue", { inS: 20, lengthS: 60 });
  world.pass(5_000);
  const part = world.grew("shakesSent", 5_000) / 5_000;
  assert.ok(part > 0.1 && part < 0.4, `a quarter shakes on: ${part}`);
  world.pass(10_200);
  assert.ok(world.grew("shakesSent", 1_000) > 950, "moved, and begun");
  await world.order("/cue", { state: "held" });
  world.pass(5_000);
  assert.ok(world.grew("shakesSent", 2_000) < 800);
  await world.order("/cue", { state: "none" });
  world.pass(5_000);
  assert.ok(world.grew("shakesSent", 1_000) > 950);
});

Deno.test("what a host held is over with it: after a restart that knows nothing phones shake", async () => {
  const world = new FollowWorld({ users: 50, fleet: { qps: 500 } });
  await world.order("/cue", { state: "held" });
  world.pass(5_000);
  assert.equal(world.grew("shakesSent", 1_000), 0);
  world.restartHost();
  world.until(() => world.total("logins") === 100);
  world.pass(2_000); // a turn of the schedule
  assert.ok(world.grew("shakesSent", 1_000) > 450);
});

Deno.test("20,000 users under a new policy all obey within 10 s", async () => {
  const world = new FollowWorld({ users: 20_000, fleet: { gap: [2_000, 4_000] } });
  world.pass(4_000);
  await world.order("/policy", {
    minShakeMs: 6_000,
    jitterMs: 1_000,
    retryFirstMs: 8_000,
    retryMostMs: 30_000,
  });
  world.pass(10_000);
  assert.equal(world.total("policiesHeard"), 20_000);
  const sent = world.total("shakesSent");
  assert.equal(world.grew("shakesTooSoon", 7_000), 0);
  const perS = (world.total("shakesSent") - sent) / 7;
  assert.ok(perS > 20_000 / 9 && perS < 20_000 / 6, `at the policy's pace: ${perS} a second`);
});

Deno.test("at ten times the load a policy keeps the goodput that the same load without it loses", async () => {
  const readsPerMs = 1;
  const run = async (calmMs: number, policy: boolean) => {
    const world = new FollowWorld({
      users: 2_000,
      host: { readsPerMs },
      throttle: { connectionPerS: 1_000, connectionBurst: 1_000 },
      fleet: { gap: [calmMs * 0.9, calmMs * 1.1], inTimeMs: 200, patienceMs: 1_000, mostOpen: 1 },
    });
    if (policy) {
      await world.order("/policy", {
        minShakeMs: 2_000,
        jitterMs: 1_000,
        retryFirstMs: 2_000,
        retryMostMs: 30_000,
      });
    }
    world.pass(policy ? 30_000 : 10_000); // who was refused at first waits for a while
    return world.grew("shakesInTime", 5_000);
  };
  const calm = await run(2_500, false);
  const [obedient, wild] = [await run(250, true), await run(250, false)];
  assert.ok(calm > 0.95 * 5 * 2_000 / 2.5, `${calm} in calm`);
  assert.ok(obedient >= 0.9 * calm, `${obedient} of ${calm}`);
  assert.ok(wild < 0.8 * calm, `without the policy ${wild} of ${calm}`);
});
