import assert from "node:assert/strict";
import { DEFAULT_BEHAVIOUR } from "../../core/client/population/behaviour.ts";
import { MovingWorld } from "./moving_world.ts";

const USERS = 60;

/** Users who win at their hosts, and open some seconds later what they have won. */
async function wonEverywhere(seed: number): Promise<MovingWorld> {
  const world = new MovingWorld({
    seed,
    users: USERS,
    clusters: [2, 2],
    qps: 120,
    moveMs: 1_000,
    backMs: 10_000,
    isJoined: true,
    fleet: { behaviour: { ...DEFAULT_BEHAVIOUR, openAfterMs: [2_000, 6_000] } },
  });
  world.runUntil(() => world.total("usersReady") === USERS);
  for (const host of world.hosts) {
    void host!.request("post", "/packets", { ratePerS: 20, total: 20, minFen: 1, maxFen: 100 });
  }
  await world.passSlowly(1_500);
  return world;
}

function won(world: MovingWorld): number {
  return world.total("shakesWon") + world.total("awardsLate");
}

/** Whether every award is open, once, and at its own host. */
function assertAllOpen(world: MovingWorld): void {
  assert.equal(world.total("packetsOpened"), won(world));
  assert.equal(world.total("amountOpenedFen"), world.total("amountWonFen"));
  assert.equal(world.total("opensRefused"), 0);
  assert.equal(world.total("awardsDouble"), 0);
}

Deno.test("what was won at a host that is drained is opened from elsewhere, by its owner", async () => {
  const world = await wonEverywhere(1);
  assert.ok(won(world) >= 60, `${won(world)} won`);
  assert.ok(world.total("packetsOpened") < won(world) / 2, "most isn't open yet");
  world.move(0, 1_000);
  world.move(1, 1_000);
  await world.passSlowly(12_000);
  assert.equal(world.users(0) + world.users(1), 0);
  assertAllOpen(world);
  assert.equal(world.total("opensBusy"), 0);
});

Deno.test("what was won at a host that is lost waits until it is back, and is opened from where its user is", async () => {
  const world = await wonEverywhere(2);
  const before = won(world);
  world.kill(0);
  await world.passSlowly(12_000);
  assert.ok(world.total("opensBusy") > 0, "told to try later");
  assert.ok(world.total("packetsOpened") < before);
  assert.equal(world.total("opensRefused"), 0);
  world.start(0);
  await world.passSlowly(6_000);
  assertAllOpen(world);
});

Deno.test("a packet that no host has made is unknown at once", async () => {
  const world = await wonEverywhere(3);
  assert.equal(world.hosts[0]!.halves.openElsewhere(1, 0x8010_0001), undefined, "its own range");
});
