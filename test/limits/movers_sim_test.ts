/** Users who move from host to host: nobody who shows their pass is ever over a limit, with and without a bus. */
import assert from "node:assert/strict";
import { MoversWorld, overLimit } from "./movers_world.ts";

const roam: [number, number] = [200, 1_500];

for (const hasBus of [true, false]) {
  const how = hasBus ? "with a bus that loses and repeats" : "without any bus";
  Deno.test(`20 users who move between 3 hosts win no more than they may, ${how}`, async () => {
    for (const seed of [1, 2, 3]) {
      const world = new MoversWorld({ hosts: 3, users: 20, seed, hasBus, fleet: { roam, qps: 200 } });
      await world.play(10, 12);
      const awards = world.awards();
      const where = `seed ${seed}`;
      assert.equal(overLimit(awards), 0, where);
      assert.equal(awards.length, 60, `${where}: everybody wins all that they may`);
      assert.ok(world.counters.total("moves") > 100, where);
      assert.ok(world.total("passesTaken") > 10, where);
      assert.equal(world.total("passesForged") + world.total("passesDamaged"), 0, where);
      const hosts = new Set(awards.filter(({ user }) => user === 0).map(({ host }) => host));
      assert.ok(hosts.size >= 1, where);
    }
  });
}

Deno.test("without passes and without a bus, the same users win more than they may", async () => {
  const world = new MoversWorld({
    hosts: 3,
    users: 20,
    hasBus: false,
    fleet: { roam, qps: 200, hidePasses: 1 },
  });
  await world.play(10, 12);
  assert.ok(overLimit(world.awards()) > 20, "so the tests above see something");
});
