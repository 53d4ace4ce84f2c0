import assert from "node:assert/strict";
import { parseHostList } from "../../hosts/list/host_list.ts";
import { PlaceNewsDesk } from "./place_news.ts";
import { type PlacedTarget, placeFindings, placesOf } from "./places.ts";
import type { TargetState } from "./target.ts";
import { targetsOfHosts } from "./target_list.ts";

const HOSTS = 35;
const LIST = parseHostList(JSON.stringify({
  schemaVersion: 1,
  event: "gala",
  version: 1,
  clusters: [["n1", "north"], ["n2", "north"], ["s1", "south"]].map(([name, city], c) => ({
    name,
    city,
    hosts: Array.from({ length: HOSTS }, (_, i) => ({
      name: `${name}-${i}`,
      number: c * HOSTS + i + 1,
      address: `10.${c}.0.${i + 1}`,
      port: 1025,
      admin: `10.${c}.0.${i + 1}:8989`,
    })),
  })),
}));

/** The hosts of the list, of which some are in another state than `live`. */
function targets(states: Readonly<Record<string, TargetState>> = {}): PlacedTarget[] {
  return targetsOfHosts(LIST).map((spec) => {
    const state = states[spec.name] ?? states[spec.cluster!] ?? "live";
    const last = { connections: 10, answered: 5, p99Us: 1_000 } as NonNullable<PlacedTarget["last"]>;
    return { spec, state, why: state === "live" ? "" : "connection refused", last };
  });
}

Deno.test("a lost host is red at once, and named with its cluster and city", () => {
  assert.deepEqual(placeFindings(targets()), []);
  for (const state of ["down", "silent"] as const) {
    assert.deepEqual(placeFindings(targets({ "n1-7": state })), [
      { level: "bad", text: "host n1-7 of cluster n1 in north is lost: connection refused" },
    ]);
  }
  assert.deepEqual(placeFindings(targets({ "n1-7": "ended" })), [], "one that was drained is no loss");
});

Deno.test("a lost cluster is one line and not thirty-five, and so is a lost city", () => {
  const cluster = "cluster n1 is lost: none of its 35 hosts can be read";
  assert.deepEqual(placeFindings(targets({ n1: "down" })).map(({ text }) => text), [cluster]);
  const both = placeFindings(targets({ n1: "down", "s1-3": "silent" })).map(({ text }) => text);
  assert.deepEqual(both, [cluster, "host s1-3 of cluster s1 in south is lost: connection refused"]);
  const city = placeFindings(targets({ n1: "down", n2: "silent" })).map(({ text }) => text);
  assert.deepEqual(city, ["city north is lost: none of its 70 hosts can be read"]);
});

Deno.test("cities and clusters have the sums of their hosts, and what is lost isn't counted", () => {
  const rows = placesOf(targets({ "n1-0": "down", "n1-1": "ended" }));
  assert.deepEqual(rows.map(({ kind, name, hosts }) => `${kind} ${name} ${hosts}`), [
    "city north 70",
    "city south 35",
    "cluster n1 35",
    "cluster n2 35",
    "cluster s1 35",
  ]);
  const n1 = rows[2];
  assert.deepEqual([n1.lost, n1.ended, n1.connections, n1.answered, n1.p99Us], [1, 1, 330, 165, 1_000]);
});

Deno.test("what happens to a whole cluster within a moment is one event, and one host's is its own", () => {
  const desk = new PlaceNewsDesk();
  const lost = targets({ n1: "down", "s1-3": "down" });
  let nowMs = 0;
  for (const target of lost.filter(({ state }) => state === "down")) {
    desk.add(target, `${target.spec.name} is gone`, true, nowMs);
    nowMs += 20;
  }
  assert.deepEqual(desk.due(nowMs, lost), [], "the others may follow");
  assert.deepEqual(desk.due(2_000, lost), [
    { kind: "trouble", text: "cluster n1 is lost: all 35 hosts" },
    { kind: "trouble", text: "s1-3 is gone" },
  ]);
  assert.deepEqual(desk.due(9_000, lost), [], "once");
  const back = targets({ "s1-3": "down" });
  for (const target of back.filter(({ spec }) => spec.cluster === "n1")) desk.add(target, "", false, 9_000);
  assert.deepEqual(desk.due(11_000, back), [{ kind: "event", text: "cluster n1 is back: all 35 hosts" }]);
});
