/**
 * Operators' orders in virtual time, on a host that dies at any commit: exactly what was ordered is made, won and paid in
 * the end, however often. Repeat one run with REDPKT_SIM_SEED=n REDPKT_SIM_SEEDS=1.
 */
import assert from "node:assert/strict";
import { SimNetwork } from "../../core/engine/sim/network.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { type EntryRows, RowField } from "../../core/ledger/record/entry_rows.ts";
import { NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { Random } from "../../core/base/random.ts";
import send from "../../plugins/send/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import { SimClient, type SimPeer } from "../sim/sim_client.ts";
import { SimHost } from "../../core/world/host/sim_host.ts";
import { NO_FAULTS, SimKilled, SimStore } from "../sim/sim_store.ts";

const SEEDS = Number(Deno.env.get("REDPKT_SIM_SEEDS") ?? 10);
const FIRST_SEED = Number(Deno.env.get("REDPKT_SIM_SEED") ?? 1);
const STEP_MS = 5;
/** A run that needs more virtual time than this will never end. */
const MOST_MS = 120_000;

const PACKETS = { ratePerS: 200, total: 60, minFen: 1, maxFen: 500, sponsors: 3 };
const FUND = { users: [10, 700], amountFen: 7 };
const SENDS = { ratePerS: 100, total: 20, users: [0, 50], amountFen: 30 };

/** A disk that ends the process at its commit number `killAt`, before or after that is durable. */
class StepStore extends SimStore {
  killAt = Infinity;
  isDurable = false;
  commits = 0;

  override append(rows: EntryRows, delivered: Uint32Array): void {
    if (++this.commits !== this.killAt) return super.append(rows, delivered);
    if (this.isDurable) super.append(rows, delivered);
    this.kills++;
    throw new SimKilled();
  }
}

/** A host that starts again whenever it dies, an operator who asks until they are answered, and a user who shakes. */
class OrderWorld {
  readonly store: StepStore;
  readonly network: SimNetwork;
  readonly client: SimClient;
  readonly #random: Random;
  readonly where: string;
  /** Packets a second that were ordered. */
  ratePerS = PACKETS.ratePerS;
  host!: SimHost;
  #shaker!: SimPeer;
  #startedMs = 0;
  /** By path: the number that an order was given, once that was answered. */
  readonly numbers = new Map<string, number>();
  readonly #asked = new Set<string>();

  constructor(seed: number, where: string) {
    this.where = where;
    this.#random = new Random(seed);
    this.store = new StepStore(this.#random.fork());
    this.network = new SimNetwork(seed, {});
    this.client = new SimClient(this.network);
    this.#start();
  }

  #start(): void {
    const { judge } = openJudge(this.store, undefined, NO_LIMITS);
    this.host = new SimHost(this.network, {
      plugins: [{ plugin: shake }, { plugin: send }],
      workers: 1 + this.#random.below(2),
      setsPerWorker: 1 + this.#random.below(3),
      seed: this.#random.uint32(),
      ledger: new StoredLedger(judge, this.store, this.network.clock),
    });
    this.#startedMs = this.network.clock.monotonicMs();
    this.#shaker = this.client.dial().login(1);
    this.#asked.clear();
  }

  /** Asks for the order in every life, until its number is known. */
  #ask(path: string, body: unknown): void {
    if (this.#asked.has(path)) return;
    this.#asked.add(path);
    this.host.request("post", path, body, { "idempotency-key": "once" }).then(
      (answer) => {
        const { order } = answer as { order: number };
        assert.equal(this.numbers.get(path) ?? order, order, `${this.where}: the same order`);
        this.numbers.set(path, order);
      },
      (error) => {
        assert.equal(error.status, 503, `${this.where}: ${error}`);
        this.#asked.delete(path);
      },
    );
  }

  async pass(ms: number, orders: Readonly<Record<string, unknown>>): Promise<void> {
    const untilMs = this.network.clock.monotonicMs() + ms;
    while (this.network.clock.monotonicMs() < untilMs) {
      for (const [path, body] of Object.entries(orders)) this.#ask(path, body);
      const nextMs = this.network.clock.monotonicMs() + STEP_MS;
      this.network.at(nextMs, () => {});
      try {
        this.#shaker.shake(1);
        this.network.run([this.host, this.client], () => this.network.clock.monotonicMs() >= nextMs);
      } catch (error) {
        if (!(error instanceof SimKilled)) throw error;
        this.kill();
      }
      this.#checkPace();
      for (let i = 0; i < 6; i++) await Promise.resolve();
    }
  }

  kill(): void {
    this.host.kill();
    this.store.close();
    this.#start();
  }

  /** Never faster than ordered, from this start on. */
  #checkPace(): void {
    const { released } = this.host.halves.status().shake as { released: number };
    const seconds = (this.network.clock.monotonicMs() - this.#startedMs) / 1000;
    // Up to 100 ms late is made up for.
    const most = (seconds + 0.1) * this.ratePerS + 1;
    assert.ok(released <= most, `${this.where}: ${released} released after ${seconds} s`);
  }

  rows(kind: number): number[][] {
    return this.store.rows.filter((row) => row[RowField.kind] === kind);
  }

  /** Goes on until nothing is left to do. */
  async finish(orders: Readonly<Record<string, unknown>>): Promise<void> {
    const isDone = () => {
      const { orders: all } = this.host.halves.orders.list() as { orders: { state: string }[] };
      return all.length === Object.keys(orders).length && all.every(({ state }) => state === "done") &&
        this.host.ledger.balances().poolFen === 0;
    };
    const untilMs = this.network.clock.monotonicMs() + MOST_MS;
    while (!isDone()) {
      await this.pass(50, orders);
      const state = () => JSON.stringify([this.host.halves.orders.list(), this.host.ledger.balances()]);
      assert.ok(this.network.clock.monotonicMs() < untilMs, `${this.where}: ${state()}`);
    }
  }

  checkPackets(): void {
    const mints = this.rows(EntryKind.mint);
    const number = this.numbers.get("/packets")!;
    assert.ok(mints.every((row) => row[RowField.user] === number), `${this.where}: mints name their order`);
    const made = mints.reduce((sum, row) => sum + row[RowField.count], 0);
    assert.equal(made, PACKETS.total, `${this.where}: exactly what was ordered`);
    assert.equal(this.rows(EntryKind.award).length, PACKETS.total, `${this.where}: all of it is won`);
    assert.equal(this.rows(EntryKind.order).filter((row) => row[RowField.packetId] === number).length, 1);
    openJudge(this.store, undefined, NO_LIMITS).judge.check();
  }

  checkMoney(): void {
    const users = this.rows(EntryKind.fund).map((row) => row[RowField.user]);
    const wanted = Array.from({ length: FUND.users[1] - FUND.users[0] + 1 }, (_, i) => FUND.users[0] + i);
    assert.deepEqual(users, wanted, `${this.where}: each user once`);
    assert.ok(this.rows(EntryKind.fund).every((row) => row[RowField.amount] === FUND.amountFen));
    assert.equal(this.rows(EntryKind.send).length, SENDS.total, `${this.where}: every send once`);
  }
}

Deno.test("packets: killed at any commit, before or after it is durable, exactly what was ordered is made and won", async () => {
  const orders = { "/packets": PACKETS };
  const whole = new OrderWorld(1, "no kill");
  await whole.finish(orders);
  whole.checkPackets();
  assert.ok(whole.store.commits > 30, `${whole.store.commits} commits to be killed at`);
  for (let killAt = 1; killAt <= whole.store.commits; killAt++) {
    for (const isDurable of [false, true]) {
      const world = new OrderWorld(1, `killed ${isDurable ? "after" : "at"} commit ${killAt}`);
      Object.assign(world.store, { killAt, isDurable });
      await world.finish(orders);
      assert.equal(world.store.kills, 1, world.where);
      world.checkPackets();
    }
  }
});

Deno.test("money and sends: killed at any commit, everybody is paid once and every send is made once", async () => {
  const orders = { "/fund": FUND, "/sends": SENDS };
  const whole = new OrderWorld(1, "no kill");
  await whole.finish(orders);
  whole.checkMoney();
  for (let killAt = 1; killAt <= whole.store.commits; killAt++) {
    for (const isDurable of [false, true]) {
      const world = new OrderWorld(1, `killed ${isDurable ? "after" : "at"} commit ${killAt}`);
      Object.assign(world.store, { killAt, isDurable });
      await world.finish(orders);
      world.checkMoney();
    }
  }
});

for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
  Deno.test(`any number of kills and failing disks: all orders come to exactly what they say (seed ${seed})`, async () => {
    const orders = { "/packets": PACKETS, "/fund": FUND, "/sends": SENDS };
    const random = new Random(seed);
    const world = new OrderWorld(seed, `seed ${seed}`);
    world.store.faults = { fail: 0.1, kill: 0.1, stayBroken: 0.5 };
    for (let i = 0; i < 30; i++) {
      await world.pass(random.between(5, 100), orders);
      if (random.below(4) === 0) world.kill();
    }
    assert.ok(world.store.kills > 0 && world.store.failures > 0, world.where);
    world.store.faults = NO_FAULTS;
    await world.finish(orders);
    world.checkPackets();
    world.checkMoney();
  });
}

Deno.test("orders that the ledger refuses fail where everybody sees it, and the host goes on", async () => {
  const world = new OrderWorld(1, "refused");
  world.ratePerS = 2_000;
  // More than 2^53 fen in all can't be counted.
  const users = [0, 10_000];
  const asked = world.host.request("post", "/fund", { users, amountFen: 1_000_000_000_000 }, {});
  const refused = assert.rejects(asked, { status: 422 });
  await world.pass(2_000, {}); // then little is left
  await world.pass(3_000, {
    "/packets": { ...PACKETS, ratePerS: 2_000, total: 4_000, minFen: 1e8, maxFen: 1e8 },
  });
  await refused;
  const { orders } = world.host.halves.orders.list() as { orders: Record<string, unknown>[] };
  assert.deepEqual(orders.map(({ state }) => state), ["failed", "failed"]);
  const reasons = orders.map(({ reason }) => String(reason)).join("\n");
  assert.match(reasons, /the ledger refuses money for user 90\d\d \(malformed\)/);
  assert.match(reasons, /the ledger refuses packets \d+ to \d+ \(malformed\)/);
  assert.equal(world.host.counters.total("ordersFailed"), 2);
  assert.equal(world.host.counters.total("ordersRunning"), 0);
  assert.equal(world.host.logged.filter((line) => line.startsWith("order failed")).length, 2);
  const made = orders.find(({ route }) => route === "POST /packets")!.made as number;
  await world.pass(30_000, {});
  assert.equal(world.rows(EntryKind.award).length, made, "what was made is won");
  world.kill();
  await world.pass(1_000, {});
  assert.equal(world.host.counters.total("ordersFailed"), 2, "a later start tries again, and says so again");
});

Deno.test("a stopped order makes nothing more, in this run and in later ones", async () => {
  const world = new OrderWorld(1, "stopped");
  await world.pass(100, { "/packets": { ...PACKETS, ratePerS: 20, total: 1_000 } });
  const stopping = world.host.halves.orders.end(world.numbers.get("/packets")!);
  await world.pass(100, {});
  assert.equal((await stopping as { state: string }).state, "stopped");
  const made = world.rows(EntryKind.mint).length;
  for (let life = 0; life < 3; life++) {
    await world.pass(3_000, {});
    world.kill();
  }
  assert.equal(world.rows(EntryKind.mint).length, made);
  await world.pass(3_000, {});
  assert.equal(world.host.ledger.balances().poolFen, 0, "what it had made can be won all the same");
  await assert.rejects(() => world.host.halves.orders.end(1), { status: 409 });
  await assert.rejects(() => world.host.halves.orders.end(2), { status: 404 });
});
