import assert from "node:assert/strict";
import { SimNetwork } from "../../core/engine/sim/network.ts";
import { parseHostList } from "../../core/hosts/list/host_list.ts";
import { byHostList, readHosts } from "../../core/phone/addresses/mod.ts";
import { signHostList } from "../../core/hosts/list/signed_list.ts";
import { type ListFault, ListRefused } from "../../core/hosts/list/split_signed.ts";
import type { HostList, Phone, PhoneOptions } from "../../core/phone/library/mod.ts";
import { KeyFolder } from "../../core/seed/file/keys.ts";
import { MoveScope } from "../../core/wire/codes.ts";
import shake from "../../plugins/shake/mod.ts";
import { SimHost } from "../../core/world/host/sim_host.ts";
import { SimPhones } from "../sim/sim_phones.ts";

const FIRST_PORT = 1025;
const USERS = 40;

function listOf(version: number, states: Readonly<Record<string, string>> = {}): HostList {
  return parseHostList(JSON.stringify({
    schemaVersion: 1,
    event: "sim",
    version,
    moveS: 4,
    backS: 20,
    clusters: ["a", "b"].map((cluster, c) => ({
      name: cluster,
      hosts: [0, 1].map((i) => ({
        name: `${cluster}${i}`,
        number: 2 * c + i + 1,
        address: "127.0.0.1",
        port: FIRST_PORT + 2 * c + i,
        state: states[`${cluster}${i}`] ?? "up",
      })),
    })),
  }));
}

/** Phones that go by a host list, and hosts, in virtual time. */
class PhonesWorld {
  readonly network: SimNetwork;
  readonly hosts: (SimHost | undefined)[] = [];
  readonly phones: Phone[];
  readonly #sim: SimPhones;
  /** How often a phone was without a server. */
  lost = 0;

  constructor(seed: number, options: Partial<PhoneOptions> = {}) {
    this.network = new SimNetwork(seed);
    for (let i = 0; i < 4; i++) this.start(i);
    this.#sim = new SimPhones(this.network, seed);
    const addressOf = ({ address, port }: { address: string; port: number }) => `${address}:${port}`;
    this.phones = Array.from({ length: USERS }, (_, user) => {
      const phone = this.#sim.phone(user, { to: byHostList(listOf(1), { addressOf }), ...options });
      phone.on("state", (state) => {
        if (state.is === "waiting") this.lost++;
      });
      return phone;
    });
  }

  start(i: number): void {
    const plugins = [{ plugin: shake }];
    this.hosts[i] = new SimHost(this.network, {
      plugins,
      port: FIRST_PORT + i,
      hostNumber: i + 1,
      seats: 2 * USERS,
    });
  }

  async connect(): Promise<void> {
    await Promise.all(this.phones.map((phone) => phone.connect()));
    await this.until(() => this.areReady);
  }

  get areReady(): boolean {
    return this.phones.every(({ state }) => state.is === "ready");
  }

  get users(): number[] {
    return this.hosts.map((host) => host?.counters.total("users") ?? 0);
  }

  move(i: number, scope: MoveScope): void {
    this.hosts[i]!.board.leave();
    this.hosts[i]!.order({ type: "move", perS: 1_000, withinMs: 500, scope });
  }

  kill(i: number): void {
    this.hosts[i]!.kill();
    this.hosts[i] = undefined;
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.network.clock.monotonicMs() + ms;
    this.network.at(untilMs, () => {});
    await this.until(() => this.network.clock.monotonicMs() >= untilMs);
  }

  async until(isDone: () => boolean): Promise<void> {
    const limitMs = this.network.clock.monotonicMs() + 120_000;
    while (!isDone()) {
      assert.ok(this.network.clock.monotonicMs() < limitMs, "it happens in time");
      const actors = [this.#sim, ...this.hosts.filter((host) => host !== undefined)];
      assert.ok(this.network.step(actors), "something happens yet");
      for (let i = 0; i < 8; i++) await Promise.resolve();
    }
  }
}

Deno.test("phones that are told to move are never without a server, and their requests are answered", async () => {
  for (const scope of [MoveScope.host, MoveScope.cluster]) {
    const world = new PhonesWorld(1);
    await world.connect();
    const before = world.users;
    assert.ok(before.every((users) => users > 0));
    const shakes = world.phones.map((phone) => phone.shake());
    for (const i of scope === MoveScope.host ? [0] : [0, 1]) world.move(i, scope);
    await world.until(() =>
      world.users[0] === 0 && world.users.reduce((sum, users) => sum + users, 0) === USERS
    );
    assert.ok((await Promise.all(shakes)).every(({ result }) => result === "nothing"));
    assert.equal(world.lost, 0);
    if (scope === MoveScope.host) {
      assert.deepEqual(world.users, [0, before[0] + before[1], before[2], before[3]]);
    } else assert.equal(world.users[1], 0);
  }
});

Deno.test("phones of a lost host go to the next, and home again once it is back, without a word lost", async () => {
  const world = new PhonesWorld(2);
  await world.connect();
  const before = world.users;
  world.kill(2);
  await world.until(() => !world.areReady);
  await world.until(() => world.areReady);
  assert.ok(world.users[3] === before[2] + before[3], `${world.users}`);
  world.start(2);
  const lost = world.lost;
  await world.pass(70_000);
  assert.deepEqual(world.users, before);
  assert.equal(world.lost, lost, "they went home in good order");
});

Deno.test("a newer list moves phones off a host that is out; an older one changes nothing", async () => {
  const world = new PhonesWorld(3);
  await world.connect();
  const before = world.users;
  for (const phone of world.phones) phone.hosts(listOf(3, { b1: "out" }));
  for (const phone of world.phones) phone.hosts(listOf(2));
  await world.until(() => world.users[3] === 0 && world.users[2] === before[2] + before[3]);
  assert.equal(world.lost, 0);
});

Deno.test("phones with plain addresses go to the next of them when they are told to move", async () => {
  const to = [0, 1].map((i) => `127.0.0.1:${FIRST_PORT + i}`);
  const world = new PhonesWorld(4, { to });
  await world.connect();
  world.move(0, MoveScope.host);
  await world.until(() => world.users[1] === USERS);
  assert.equal(world.lost, 0);
});

Deno.test("a page proves a list with the keys of its app, and refuses what a server refuses", async () => {
  const folder = await Deno.makeTempDir();
  const keys = new KeyFolder(folder);
  const id = keys.make(false);
  const trusted = { [id]: Deno.readTextFileSync(`${folder}/trusted/${id}.pem`) };
  const good = signHostList(listOf(1), keys.signing()!);
  assert.deepEqual(await readHosts(good, trusted), listOf(1));
  const cases: readonly [text: string, trusted: Record<string, string>, fault: ListFault][] = [
    [good.replace('"version":1', '"version":2'), trusted, "forged"],
    [good, {}, "forged"],
    [good.split("\n")[0], trusted, "damaged"],
    [signHostList({ ...listOf(1), moveS: 0 }, keys.signing()!), trusted, "mistaken"],
  ];
  for (const [text, known, fault] of cases) {
    await assert.rejects(
      () => readHosts(text, known),
      (error) => error instanceof ListRefused && error.fault === fault,
    );
  }
  await Deno.remove(folder, { recursive: true });
});
