import assert from "node:assert/strict";
import { MoveScope } from "../../core/wire/codes.ts";
import { MovingWorld, type MovingWorldOptions } from "./moving_world.ts";

const USERS = 240;
const SEEDS = [1, 2];

function connected(options: Partial<MovingWorldOptions> & { seed: number }): MovingWorld {
  const world = new MovingWorld({ users: USERS, clusters: [3, 3, 3], qps: 200, ...options });
  world.runUntil(() => world.total("usersReady") === USERS);
  return world;
}

/** After how many ms all users are logged in again, of whom some have lost their host. */
function backAgain(world: MovingWorld): number {
  return world.runUntil(() => world.total("usersReady") < USERS) +
    world.runUntil(() => world.total("usersReady") === USERS);
}

/** Nobody's connection has ended, and every shake was sent at its time and answered. */
function assertUndisturbed(world: MovingWorld, before: Readonly<Record<string, number>>): void {
  for (
    const name of ["disconnects", "shakesLost", "ticksUnconnected", "shakesGivenUp", "badFramesUnexpected"]
  ) {
    assert.equal(world.total(name), before[name] ?? 0, name);
  }
  assert.ok(world.latency().percentile(100) < 2_000_000, `${world.latency().percentile(100)} us`);
}

function countsOf(world: MovingWorld): Record<string, number> {
  return Object.fromEntries(world.counters.layout.scalars.map((name) => [name, world.total(name)]));
}

Deno.test("every user is at home, and a lost host's users alone go elsewhere, within the time of the list", () => {
  for (const seed of SEEDS) {
    const world = connected({ seed });
    const homes = world.homes();
    assert.deepEqual(world.hosts.map((_, i) => world.users(i)), homes, `seed ${seed}`);
    world.kill(4);
    const ms = backAgain(world);
    assert.ok(ms < 1_000 + 4_000, `seed ${seed}: ${ms} ms`);
    assert.equal(world.total("disconnects"), homes[4], "nobody else was disturbed");
    for (const i of [0, 1, 2, 6, 7, 8]) {
      assert.equal(world.users(i), homes[i], "the next is of the same cluster");
    }
  }
});

Deno.test("a cluster is lost: its users are elsewhere in time, spread over all others, and back without a storm", () => {
  for (const seed of SEEDS) {
    const world = connected({ seed });
    const homes = world.homes();
    const lost = homes[3] + homes[4] + homes[5];
    for (const number of [3, 4, 5]) world.kill(number);
    const ms = backAgain(world);
    assert.ok(ms < 1_000 + 4_000 + 100, `seed ${seed}: ${ms} ms`);
    const moved = world.hosts.map((_, i) => world.users(i) - homes[i]).filter((_, i) => i < 3 || i > 5);
    assert.equal(moved.reduce((sum, users) => sum + users, 0), lost);
    assert.ok(moved.every((users) => users > 0 && users < lost / 2), `seed ${seed}: ${moved}`);

    for (const number of [3, 4, 5]) world.start(number);
    const before = countsOf(world);
    let [most, lastLogins] = [0, world.total("logins")];
    for (let second = 0; second < 70; second++) {
      world.pass(1_000);
      most = Math.max(most, world.total("logins") - lastLogins);
      lastLogins = world.total("logins");
    }
    assert.deepEqual(world.hosts.map((_, i) => world.users(i)), homes, `seed ${seed}: all at home again`);
    assert.ok(most <= lost / 4, `seed ${seed}: ${most} of ${lost} came back in one second`);
    assertUndisturbed(world, before);
  }
});

Deno.test("while home is still gone, who looks for it stays where they are", () => {
  const world = connected({ seed: 4, backMs: 4_000 });
  world.kill(0);
  backAgain(world);
  const before = countsOf(world);
  world.pass(30_000);
  assert.ok(world.total("movesFailed") > world.homes()[0], "they have looked");
  assertUndisturbed(world, before);
});

Deno.test("a rolling restart of all hosts disturbs nobody's evening", () => {
  for (const seed of [1, 2]) {
    const world = connected({ seed, clusters: [2, 2], qps: 150, backMs: 10_000 });
    const before = countsOf(world);
    for (let number = 0; number < 4; number++) {
      world.move(number, 100);
      world.runUntil(() => world.users(number) === 0);
      // What was under way has been answered before the old connections were closed.
      world.pass(3_000);
      world.kill(number);
      world.pass(1_000);
      world.start(number);
      world.pass(2_000);
    }
    world.pass(25_000);
    assertUndisturbed(world, before);
    assert.deepEqual(world.hosts.map((_, i) => world.users(i)), world.homes(), `seed ${seed}`);
    const grew = (name: string) => world.total(name) - before[name];
    assert.equal(grew("shakesSent"), grew("shakesDue"));
  }
});

Deno.test("users are told to move at the rate that was asked for", () => {
  const world = connected({ seed: 5, clusters: [2] });
  const users = world.users(0);
  world.move(0, 20);
  world.pass(1_000);
  const told = world.hosts[0]!.counters.total("movesTold");
  assert.ok(told >= 18 && told <= 22, `${told} of ${users} in a second`);
});

Deno.test("users of a cluster that is left go to another cluster", () => {
  const world = connected({ seed: 6 });
  const before = countsOf(world);
  for (const number of [0, 1, 2]) world.move(number, 1_000, MoveScope.cluster);
  world.runUntil(() => [0, 1, 2].every((number) => world.users(number) === 0));
  assertUndisturbed(world, before);
  const homes = world.homes();
  assert.equal(
    [3, 4, 5, 6, 7, 8].reduce((sum, i) => sum + world.users(i) - homes[i], 0),
    homes[0] + homes[1] + homes[2],
  );
});

Deno.test("who doesn't move is ended at the same rate, and comes elsewhere by themselves", () => {
  const world = connected({ seed: 7, clusters: [2, 2], fleet: { protocol: 0 } });
  world.move(0, 50);
  world.runUntil(() => world.users(0) === 0 && world.total("usersReady") === USERS);
  // Each was ended once, and turned away once: they try the same host again first.
  assert.equal(world.total("disconnects"), 2 * world.homes()[0]);
});

Deno.test("a newer list moves the users of a host that is drained, and a host that is up again gets its own back", () => {
  const world = connected({ seed: 8 });
  const homes = world.homes();
  const before = countsOf(world);
  world.fleet.obey({ order: "hosts", hosts: world.listWith({ h1: "drain", c2: "out" }) });
  world.runUntil(() => [1, 6, 7, 8].every((i) => world.users(i) === 0));
  assertUndisturbed(world, before);
  world.fleet.obey({ order: "hosts", hosts: world.listWith({}) });
  world.pass(40_000);
  assert.deepEqual(world.hosts.map((_, i) => world.users(i)), homes);
  assertUndisturbed(world, before);
});

Deno.test("a fleet that is told to stop while users look for their home ends, and dials no more", () => {
  const world = connected({ seed: 9, backMs: 2_000 });
  world.kill(0);
  backAgain(world);
  world.pass(2_000);
  world.fleet.obey({ order: "stop" });
  const dials = world.total("dials");
  world.runUntil(() => world.fleet.isStopped, 10_000);
  assert.equal(world.total("dials"), dials);
});
