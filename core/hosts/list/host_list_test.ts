import assert from "node:assert/strict";
import { KeyFolder } from "../../seed/file/keys.ts";
import { type HostList, hostsOf, parseHostList, writeHostList } from "./host_list.ts";
import { dialedHosts } from "./dial_list.ts";
import { HostListFile } from "./list_file.ts";
import { readSignedList, signHostList } from "./signed_list.ts";
import { type ListFault, ListRefused } from "./split_signed.ts";

const HOST = { name: "n1", number: 1, address: "10.0.0.1", port: 1025 };
const plain = (more: object = {}, host: object = {}, cluster: object = {}) => ({
  schemaVersion: 1,
  event: "gala",
  version: 1,
  clusters: [{ name: "north-1", hosts: [{ ...HOST, ...host }], ...cluster }],
  ...more,
});
const listOf = (json: object): HostList => parseHostList(JSON.stringify(json));

Deno.test("a list says what it means, with every default", () => {
  const list = listOf(plain());
  assert.equal(list.moveS, 30);
  assert.deepEqual(hostsOf(list), [{
    ...HOST,
    gateway: "",
    admin: "",
    weight: 1,
    state: "up",
    tickets: { first: 0, count: 0 },
  }]);
  assert.deepEqual(parseHostList(writeHostList(list)), list);
  for (const address of ["gw.example", "2001:db8::1", "host-1", "::1"]) listOf(plain({}, { address }));
});

Deno.test("everything that is wrong with a list is told at once, with its place", () => {
  const cases: readonly [json: object, problem: string][] = [
    [plain({ version: 0 }), "version: must be a whole number from 1"],
    [plain({ event: "Gala!" }), "event: must be a short name"],
    [plain({ more: 1 }), "more: no such key"],
    [plain({}, { weight: -1 }), "clusters.0.hosts.0.weight: must be a number"],
    [plain({}, { state: "gone" }), "clusters.0.hosts.0.state: must be one of up, drain, out"],
    [plain({}, { address: "a b" }), "clusters.0.hosts.0.address: must be"],
    [plain({}, { port: 70_000 }), "clusters.0.hosts.0.port: must be"],
    [plain({}, { gateway: "http://x" }), "clusters.0.hosts.0.gateway: must be a URL"],
    [plain({}, { tickets: { first: -1 } }), "clusters.0.hosts.0.tickets.first: must be"],
    [plain({}, {}, { hosts: [] }), "clusters: no host"],
    [plain({}, {}, { hosts: [HOST, HOST] }), "host n1: two have it"],
    [plain({}, {}, { hosts: [HOST, { ...HOST, name: "n2" }] }), "host number 1: two have it"],
    [plain({ clusters: {} }), "clusters: must be a list"],
    [{}, "schemaVersion: must be"],
  ];
  for (const [json, problem] of cases) {
    assert.throws(() => listOf(json), (error: Error) => error.message.includes(problem), problem);
  }
  assert.throws(
    () => listOf(plain({ version: 0, event: "" })),
    /version: .*\n?.*event: |event: .*\nversion: /s,
  );
  for (const text of ["", "null", "[]", "{", "1"]) assert.throws(() => parseHostList(text));
});

Deno.test("a list without a host that takes users, or with one that has no address, is refused as a whole", async () => {
  const ask = (name: string) =>
    name === "gw.example" ? Promise.resolve(["10.0.0.9"]) : Promise.reject(new Error("not found"));
  const dial = (host: object, cluster: object = {}) => dialedHosts(listOf(plain({}, host, cluster)), [], ask);
  const { clusters } = await dial({ address: "gw.example" });
  assert.deepEqual(clusters[0].hosts[0].targets, [{ address: 0x0a00_0009, port: 1025 }]);
  await assert.rejects(
    () => dial({ address: "lost.example" }),
    /host n1: lost\.example: has no address: not found/,
  );
  await assert.rejects(() => dial({ state: "out" }), /every host of the list is out/);
  await assert.rejects(() => dial({}, { state: "out" }), /every host of the list is out/);
});

Deno.test("a list that is forged, damaged, older or another event's counts for nothing, and each is told apart", async () => {
  const folder = await Deno.makeTempDir();
  const [keys, others] = [new KeyFolder(`${folder}/keys`), new KeyFolder(`${folder}/others`)];
  keys.make(false);
  others.make(false);
  const key = keys.signing()!;
  const trusted = keys.trusted();
  const now = listOf(plain({ version: 5 }));
  const good = signHostList(now, key);
  assert.deepEqual(readSignedList(good, trusted).list, now);
  assert.deepEqual(readSignedList(good, trusted, now).list, now, "the same again is no fault");
  const cases: readonly [text: string, fault: ListFault][] = [
    [good.replace("10.0.0.1", "10.0.0.2"), "forged"],
    [signHostList(now, others.signing()!), "forged"],
    [good.split("\n")[0], "damaged"],
    [good.replace(/"signature".*/, `"signature":"?"}`), "damaged"],
    [signHostList(listOf(plain({ version: 4 })), key), "older"],
    [signHostList(listOf(plain({ version: 6, event: "other" })), key), "otherEvent"],
    [signHostList(listOf(plain({ version: 5, moveS: 7 })), key), "mistaken"],
    [signHostList({ ...now, version: 6, moveS: 0 }, key), "mistaken"],
  ];
  for (const [text, fault] of cases) {
    const isFault = (error: unknown) => error instanceof ListRefused && error.fault === fault;
    assert.throws(() => readSignedList(text, trusted, now), isFault, fault);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a list that is replaced by a newer one counts; another is refused, once", async () => {
  const folder = await Deno.makeTempDir();
  const keys = new KeyFolder(`${folder}/keys`);
  keys.make(false);
  const path = `${folder}/hosts.json`;
  const put = (version: number) =>
    Deno.writeTextFileSync(path, signHostList(listOf(plain({ version })), keys.signing()!));
  put(2);
  const file = new HostListFile(path, `${folder}/keys`);
  assert.equal(file.list.version, 2);
  assert.equal(file.look(), undefined);
  put(3);
  assert.equal(file.look()?.is, "newer");
  assert.equal(file.list.version, 3);
  put(1);
  assert.deepEqual(file.look(), { is: "refused", fault: "older", why: "is version 1; 3 is known" });
  assert.equal(file.look(), undefined);
  assert.equal(file.list.version, 3);
  Deno.removeSync(path);
  assert.equal(file.look(), undefined, "what is known goes on");
  await Deno.remove(folder, { recursive: true });
});
