import assert from "node:assert/strict";
import fc from "fast-check";
import { HostOrder, type PlaceState, type RankedCluster } from "./host_order.ts";

const USERS = 20_000;
const SEED = 20270206;

function cluster(
  name: string,
  hosts: readonly (readonly [name: string, weight?: number, state?: PlaceState])[],
  more: Partial<RankedCluster> = {},
): RankedCluster {
  return {
    name,
    city: "",
    network: "",
    weight: 1,
    state: "up",
    ...more,
    hosts: hosts.map(([host, weight = 1, state = "up"]) => ({ name: `${name}-${host}`, weight, state })),
  };
}

/** Where each user is at home, by name. */
function homes(order: HostOrder): string[] {
  return Array.from({ length: USERS }, (_, user) => order.places[order.place(user, 0)].host.name);
}

function countOf<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Whether a count is what chance allows where so many are expected: within 5 standard deviations. */
function isLikely(count: number, expected: number): boolean {
  return Math.abs(count - expected) < 5 * Math.sqrt(expected);
}

const clusters = ["a", "b", "c"].map((name) => cluster(name, [["1"], ["2", 2], ["3"], ["4", 0.5]]));

Deno.test("hosts have as many users as their weights say", () => {
  const counts = countOf(homes(new HostOrder(clusters)));
  for (const { name, hosts } of clusters) {
    for (const host of hosts) {
      const expected = USERS / 3 * host.weight / 4.5;
      assert.ok(isLikely(counts.get(host.name)!, expected), `${name} ${host.name}: ${counts.get(host.name)}`);
    }
  }
});

Deno.test("when a host goes only its users move, to all others of its cluster", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 3 }), (lostCluster, lostHost) => {
      const lost = clusters[lostCluster].hosts[lostHost].name;
      const left = clusters.map((cluster) => ({
        ...cluster,
        hosts: cluster.hosts.map((host) => host.name === lost ? { ...host, state: "out" as const } : host),
      }));
      const [before, after] = [homes(new HostOrder(clusters)), homes(new HostOrder(left))];
      const moved = after.filter((host, user) => host !== before[user]);
      assert.equal(moved.length, before.filter((host) => host === lost).length);
      const others = clusters[lostCluster].hosts.filter(({ name }) => name !== lost);
      const weight = others.reduce((sum, host) => sum + host.weight, 0);
      const counts = countOf(moved);
      assert.equal(counts.size, others.length);
      for (const host of others) {
        assert.ok(
          isLikely(counts.get(host.name)!, moved.length * host.weight / weight),
          `${lost}: ${host.name}`,
        );
      }
    }),
    { seed: SEED, numRuns: 12 },
  );
});

Deno.test("when a cluster goes only its users move, to all other clusters", () => {
  for (const lost of clusters) {
    const left = clusters.map((cluster) =>
      cluster === lost ? { ...cluster, state: "drain" as const } : cluster
    );
    const [before, after] = [homes(new HostOrder(clusters)), homes(new HostOrder(left))];
    for (let user = 0; user < USERS; user++) {
      if (before[user].startsWith(`${lost.name}-`)) assert.ok(!after[user].startsWith(`${lost.name}-`));
      else assert.equal(after[user], before[user]);
    }
    const counts = countOf(after.filter((host, user) => host !== before[user]).map(([name]) => name));
    const moved = [...counts.values()].reduce((sum, count) => sum + count, 0);
    for (const count of counts.values()) assert.ok(isLikely(count, moved / 2));
  }
});

Deno.test("a host that is added takes its share from all, and nobody else moves", () => {
  const more = clusters.map((cluster, i) =>
    i > 0
      ? cluster
      : { ...cluster, hosts: [...cluster.hosts, { name: "a-5", weight: 1, state: "up" as const }] }
  );
  const [before, after] = [homes(new HostOrder(clusters)), homes(new HostOrder(more))];
  const moved = after.filter((host, user) => host !== before[user]);
  assert.ok(moved.every((host) => host === "a-5"));
  assert.ok(isLikely(moved.length, USERS / 3 / 5.5), `${moved.length}`);
});

Deno.test("a user tries two hosts of a cluster, then the next cluster, and in the end every host", () => {
  const order = new HostOrder(clusters);
  for (let user = 0; user < 200; user++) {
    const tried = Array.from({ length: 12 }, (_, step) => order.place(user, step));
    const clustersTried = tried.map((place) => order.places[place].cluster);
    for (let step = 0; step < 12; step += 2) assert.equal(clustersTried[step], clustersTried[step + 1]);
    assert.equal(new Set(clustersTried.slice(0, 6)).size, 3);
    assert.equal(new Set(tried).size, 12, `${tried}`);
    assert.equal(order.place(user, 12), tried[0], "and round again");
  }
});

Deno.test("the own network comes first, then what is near, and who is drained last", () => {
  const places = [
    cluster("far", [["1"]], { network: "north" }),
    cluster("near", [["1"]], { network: "north" }),
    cluster("drained", [["1"]], { network: "south", state: "drain" }),
    cluster("own", [["1"]], { network: "south" }),
    cluster("out", [["1"]], { network: "south", state: "out" }),
  ];
  const rttMs = (name: string) => name === "far" ? 90 : name === "near" ? 12 : undefined;
  const order = new HostOrder(places, { networks: ["south", "west"], rttMs });
  for (let user = 0; user < 50; user++) {
    const tried = Array.from(
      { length: 8 },
      (_, step) => places[order.places[order.place(user, step)].cluster].name,
    );
    assert.deepEqual(tried.filter((_, i) => i % 2 === 0), ["own", "near", "far", "drained"]);
  }
});

Deno.test("who was told to leave a host, or a cluster, goes elsewhere; with nowhere to go they stay", () => {
  const order = new HostOrder(clusters);
  const alone = new HostOrder([cluster("a", [["1"]])]);
  for (let user = 0; user < 200; user++) {
    const place = order.place(user, 0);
    const { cluster } = order.places[place];
    const next = order.place(user, 0, { place, isWholeCluster: false });
    assert.equal(next, order.place(user, 1), "the next of the cluster");
    const other = order.place(user, 0, { place, isWholeCluster: true });
    assert.notEqual(order.places[other].cluster, cluster);
    assert.equal(alone.place(user, 0, { place: 0, isWholeCluster: true }), 0);
  }
  assert.equal(new HostOrder([cluster("a", [["1", 1, "out"]])]).place(1, 0), -1);
});
