/**
 * The whole way of an award in virtual time: real loops, SETs, plugins and judge, on a network that resets and stalls, a
 * disk that fails, processes that die, and a wall clock that steps. Afterwards every invariant of the ledger must hold.
 * Repeat one run with REDPKT_SIM_SEED=n REDPKT_SIM_SEEDS=1.
 */
import assert from "node:assert/strict";
import { SimNetwork } from "../core/engine/sim_network.ts";
import { EntryKind } from "../core/ledger/entry.ts";
import { RowField } from "../core/ledger/entry_rows.ts";
import type { LedgerLimits } from "../core/ledger/ledger.ts";
import { openJudge } from "../core/ledger/open_judge.ts";
import { StoredLedger } from "../core/ledger/stored_ledger.ts";
import { Random } from "../core/random/random.ts";
import shake from "../plugins/shake/mod.ts";
import throttle from "../plugins/throttle/mod.ts";
import { SimClient, type SimPeer } from "./sim_client.ts";
import { SimHost } from "./sim_host.ts";
import { NO_FAULTS, SimKilled, SimStore } from "./sim_store.ts";

const FIRST_SEED = Number(Deno.env.get("REDPKT_SIM_SEED") ?? 1);
const SEEDS = Number(Deno.env.get("REDPKT_SIM_SEEDS") ?? 15);
const LIMITS: LedgerLimits = { packetsPerUser: 3, packetsPerSponsor: 1 };
const USERS = 30;
/** Most connections of one user at once. */
const CONNECTIONS = 4;
const STEPS = 1_200;
const SPONSORS = 5;

for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
  Deno.test(`whatever dies, fails or steps, no fen is lost and no packet given twice (seed ${seed})`, async () => {
    await new Catastrophe(seed).run();
  });
}

Deno.test("a ledger that tells verdicts before they are durable is found out", async () => {
  let found = 0;
  for (let seed = 1; seed <= 10; seed++) {
    try {
      await new Catastrophe(seed, HastyLedger).run();
    } catch (error) {
      assert.ok(error instanceof assert.AssertionError, String(error));
      found++;
    }
  }
  assert.ok(found > 0);
});

/** Makes only every third batch durable, with those before it. */
class HastyLedger extends StoredLedger {
  #turn = 0;

  override commit(): boolean {
    return this.failure === undefined && this.#turn++ % 3 > 0 || super.commit();
  }
}

class Catastrophe {
  readonly #seed: number;
  readonly #ledgerClass: typeof StoredLedger;
  readonly #random: Random;
  readonly #network: SimNetwork;
  readonly #client: SimClient;
  readonly #store: SimStore;
  readonly #everyone: SimPeer[] = [];
  readonly #peers: SimPeer[][] = Array.from({ length: USERS }, () => []);
  #host!: SimHost;

  constructor(seed: number, ledgerClass = StoredLedger) {
    this.#seed = seed;
    this.#ledgerClass = ledgerClass;
    this.#random = new Random(seed);
    this.#network = new SimNetwork(seed, {
      splitProbability: 0.2,
      stallProbability: 0.02,
      stallMs: 300,
      resetProbability: 0.003,
    });
    this.#client = new SimClient(this.#network);
    this.#store = new SimStore(this.#random.fork());
  }

  async run(): Promise<void> {
    this.#store.faults = { fail: 0.04, kill: 0.02, stayBroken: 0.5 };
    await this.#start();
    for (let step = 0; step < STEPS; step++) {
      this.#act();
      if (this.#random.float() < 0.003) await this.#restart();
      await this.#pass(this.#random.between(1, 30));
    }
    this.#store.faults = NO_FAULTS;
    await this.#restart();
    await this.#comeBack();
    this.#check();
  }

  /** One thing that a user or the world does. */
  #act(): void {
    const random = this.#random;
    const user = random.below(USERS);
    const peers = this.#peers[user] = this.#peers[user].filter(({ closeCause }) => closeCause === undefined);
    const chance = random.float();
    if (chance < 0.01) this.#network.clock.stepWall(random.between(-600_000, 600_000));
    else if (peers.length === 0 || (chance < 0.1 && peers.length < CONNECTIONS)) this.#dial(user);
    else {
      const peer = peers[random.below(peers.length)];
      if (chance < 0.12) peer.abort();
      else if (chance < 0.14) peer.close();
      else peer.shake(user);
      if (chance > 0.9) peer.shake(user); // the same again, at once
    }
  }

  #dial(user: number): SimPeer {
    const peer = this.#client.dial().login(user);
    this.#peers[user].push(peer);
    this.#everyone.push(peer);
    return peer;
  }

  async #start(): Promise<void> {
    const random = this.#random;
    const { judge } = openJudge(this.#store, undefined, LIMITS);
    this.#host = new SimHost(this.#network, {
      plugins: [{ plugin: throttle }, { plugin: shake }],
      workers: 1 + random.below(3),
      setsPerWorker: 1 + random.below(4),
      seats: 60,
      seed: this.#seed,
      ringEntries: 8,
      verdictMs: 200,
      ledger: new this.#ledgerClass(judge, this.#store, this.#network.clock),
    });
    await this.#host.request("post", "/packets", {
      ratePerS: 20,
      total: 100,
      minFen: 1,
      maxFen: 500,
      sponsors: SPONSORS,
    });
  }

  async #restart(): Promise<void> {
    this.#host.kill();
    this.#store.close();
    await this.#start();
  }

  /** Lets time pass; a process that dies meanwhile is started again. */
  async #pass(ms: number): Promise<void> {
    const untilMs = this.#network.clock.monotonicMs() + ms;
    this.#network.at(untilMs, () => {});
    try {
      this.#network.run([this.#host, this.#client], () => this.#network.clock.monotonicMs() >= untilMs);
    } catch (error) {
      if (!(error instanceof SimKilled)) throw error;
      await this.#restart();
    }
    await Promise.resolve();
    await Promise.resolve();
  }

  /** Everybody logs in once more and stays a while. */
  async #comeBack(): Promise<void> {
    for (let round = 0; round < 20; round++) {
      for (let user = 0; user < USERS; user++) {
        this.#peers[user] = this.#peers[user].filter(({ closeCause }) => closeCause === undefined);
        if (this.#peers[user].length === 0) this.#dial(user);
        for (const peer of this.#peers[user]) peer.shake(user);
      }
      await this.#pass(500);
    }
  }

  #check(): void {
    const where = `seed ${this.#seed}`;
    assert.ok(this.#store.failures + this.#store.kills > 0, `${where}: something went wrong at all`);
    // Opening judges every row again: each follows from those before it.
    const { judge } = openJudge(this.#store, undefined, LIMITS);
    const { sourceFen, poolFen, userFen, returnedFen } = judge.balances();
    assert.equal(sourceFen + poolFen + userFen + returnedFen, 0, where);
    const seen = new Map<number, number>();
    for (const { user, packetId, amountFen } of this.#everyone.flatMap(({ shakes }) => shakes)) {
      if (packetId === 0) continue;
      assert.deepEqual(judge.awardOf(packetId), { user, amountFen }, `${where}: packet ${packetId}`);
      seen.set(packetId, user);
    }
    const awards = this.#store.rows.filter((row) => row[RowField.kind] === EntryKind.award);
    assert.ok(awards.length >= USERS, `${where}: enough was won to mean anything`);
    const ofUser = new Map<number, number[]>();
    for (const row of awards) {
      const user = row[RowField.user];
      ofUser.set(user, [...(ofUser.get(user) ?? []), row[RowField.sponsor]]);
      // Everybody came back and stayed, so nothing is pending.
      assert.equal(
        seen.get(row[RowField.packetId]),
        user,
        `${where}: packet ${row[RowField.packetId]} was seen`,
      );
    }
    for (const [user, sponsors] of ofUser) {
      assert.ok(sponsors.length <= LIMITS.packetsPerUser, `${where}: user ${user} has ${sponsors.length}`);
      assert.equal(new Set(sponsors).size, sponsors.length, `${where}: user ${user} and one sponsor`);
    }
  }
}
