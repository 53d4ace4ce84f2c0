import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { clientHostBytes, ClientHosts, readClientHosts } from "./client_hosts.ts";

Deno.test("connections are counted by client host over all workers, whoever comes and goes", () => {
  const memory = new SharedArrayBuffer(clientHostBytes(2));
  const workers = [0, 1].map((worker) => new ClientHosts(memory, worker, 1_000));
  const random = new Random(7);
  /** What it should be, by worker and connection. */
  const open = [new Map<number, number>(), new Map<number, number>()];
  for (let i = 0; i < 20_000; i++) {
    const worker = random.below(2);
    const connection = random.below(1_000);
    if (open[worker].delete(connection)) workers[worker].remove(connection);
    else {
      const address = 0x0a000001 + random.below(40);
      open[worker].set(connection, address);
      workers[worker].add(connection, address);
    }
  }
  const expected = new Map<string, number>();
  for (const address of open.flatMap((each) => [...each.values()])) {
    const host = `10.0.0.${address & 0xff}`;
    expected.set(host, (expected.get(host) ?? 0) + 1);
  }
  const told = readClientHosts(memory);
  assert.deepEqual(new Map(told), expected);
  assert.ok(told.every(([, count], i) => i === 0 || count <= told[i - 1][1]), "most first");
});

Deno.test("of more hosts than there is room for none is lost: the rest is one sum", () => {
  const memory = new SharedArrayBuffer(clientHostBytes(1));
  const hosts = new ClientHosts(memory, 0, 20_000);
  for (let i = 0; i < 20_000; i++) hosts.add(i, 0x0a000000 + i);
  const told = readClientHosts(memory);
  assert.equal(told.length, 51);
  assert.equal(told.at(-1)![0], "others");
  assert.equal(told.reduce((sum, [, count]) => sum + count, 0), 20_000);
  for (let i = 0; i < 20_000; i++) hosts.remove(i);
  assert.deepEqual(readClientHosts(memory), []);
  hosts.add(5, 0x7f000001);
  assert.deepEqual(readClientHosts(memory), [["127.0.0.1", 1]]);
});
