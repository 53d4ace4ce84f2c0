import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { listOfServers, ServerHosts } from "./server_hosts.ts";

const HOSTS = Array.from({ length: 5 }, (_, i) => ({ address: 0x0a00_0001 + i, port: 1025 }));
const USERS = 10_000;

function homes(hosts: ServerHosts, nowMs = 0): number[] {
  return Array.from({ length: USERS }, (_, user) => hosts.choose(user, nowMs));
}

Deno.test("every gateway sends a user to the same host, whatever the order of the list, and each has its part", () => {
  const one = homes(new ServerHosts(listOfServers(HOSTS), new Random(1))).map((i) => HOSTS[i].address);
  const turned = [...HOSTS].reverse();
  const other = homes(new ServerHosts(listOfServers(turned), new Random(2))).map((i) => turned[i].address);
  assert.deepEqual(one, other);
  for (const { address } of HOSTS) {
    const share = one.filter((home) => home === address).length / USERS;
    assert.ok(share > 0.18 && share < 0.22, `${share}`);
  }
});

Deno.test("who loses their host goes to another; nobody else moves, and they come back", () => {
  const hosts = new ServerHosts(listOfServers(HOSTS), new Random(1));
  const before = homes(hosts);
  hosts.failed(2, 0);
  const meanwhile = homes(hosts, 1);
  assert.equal(hosts.up, 4);
  for (let user = 0; user < USERS; user++) {
    if (before[user] === 2) assert.notEqual(meanwhile[user], 2);
    else assert.equal(meanwhile[user], before[user]);
  }
  assert.equal(new Set(meanwhile.filter((_, user) => before[user] === 2)).size, 4, "spread over all others");
  hosts.reached(2);
  assert.deepEqual(homes(hosts, 2), before);
});

Deno.test("a host that fails is tried again by one user, later each time, and at most 5 s apart", () => {
  const hosts = new ServerHosts(listOfServers(HOSTS.slice(0, 1)), new Random(3));
  const waits: number[] = [];
  let nowMs = 0;
  for (let i = 0; i < 12; i++) {
    hosts.failed(0, nowMs);
    assert.equal(hosts.choose(1, nowMs), -1);
    waits.push(hosts.waitMs(nowMs));
    nowMs += hosts.waitMs(nowMs);
    assert.equal(hosts.choose(1, nowMs), 0);
    assert.equal(hosts.choose(2, nowMs), -1, "the second one waits for how the first fares");
  }
  assert.ok(waits[0] >= 125 && waits[0] <= 250, `${waits}`);
  assert.ok(waits.at(-1)! >= 2_500 && waits.at(-1)! <= 5_000, `${waits}`);
  assert.equal(hosts.choose(2, nowMs + 3_000), 0, "a trial that comes to nothing isn't the last");
});
