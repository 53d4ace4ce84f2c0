/**
 * Plugin `send` under faults in virtual time: a network that splits, stalls and resets, a disk that fails, processes that
 * die at any moment and start again with other numbers of SETs. Repeat one run with REDPKT_SIM_SEED=n REDPKT_SIM_SEEDS=1.
 */
import assert from "node:assert/strict";
import { SimNetwork } from "../core/engine/sim_network.ts";
import { EntryKind } from "../core/ledger/entry.ts";
import { RowField } from "../core/ledger/entry_rows.ts";
import { NO_LIMITS } from "../core/ledger/ledger.ts";
import { openJudge } from "../core/ledger/open_judge.ts";
import { StoredLedger } from "../core/ledger/stored_ledger.ts";
import { Random } from "../core/random/random.ts";
import { Result } from "../core/wire/codes.ts";
import send from "../plugins/send/mod.ts";
import { SendUser } from "./send_world.ts";
import { SimClient } from "./sim_client.ts";
import { SimHost } from "./sim_host.ts";
import { NO_FAULTS, SimKilled, SimStore } from "./sim_store.ts";

const SEEDS = Number(Deno.env.get("REDPKT_SIM_SEEDS") ?? 10);
const FIRST_SEED = Number(Deno.env.get("REDPKT_SIM_SEED") ?? 1);
const USERS = 12;
const FUND_FEN = 1_000;
const STEPS = 1_500;
const GROUP = 3;
const EXPIRES_S = 20;

for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
  Deno.test(`no fen is lost and no share is paid twice, whatever dies (seed ${seed})`, () =>
    new Chaos(seed).run());
}

class Chaos {
  readonly #seed: number;
  readonly #random: Random;
  readonly #network: SimNetwork;
  readonly #client: SimClient;
  readonly #store: SimStore;
  readonly #everyone: SendUser[] = [];
  /** By user: his newest connection. */
  readonly #present: (SendUser | undefined)[] = new Array(USERS).fill(undefined);
  #host!: SimHost;
  #requestId = 0;
  #restarts = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#network = new SimNetwork(seed, {
      splitProbability: 0.2,
      stallProbability: 0.01,
      stallMs: 200,
      resetProbability: 0.002,
    });
    this.#client = new SimClient(this.#network);
    this.#store = new SimStore(this.#random.fork());
  }

  async run(): Promise<void> {
    await this.#start();
    this.#store.faults = { fail: 0.03, kill: 0.01, stayBroken: 0.5 };
    for (let step = 0; step < STEPS; step++) {
      this.#act();
      if (this.#random.float() < 0.003) await this.#restart();
      await this.#pass(this.#random.between(1, 40));
    }
    this.#store.faults = NO_FAULTS;
    await this.#restart();
    // Everything that is open expires.
    for (let second = 0; second < EXPIRES_S + 2; second++) await this.#pass(1_000);
    this.#check();
  }

  /** One thing that a user does. */
  #act(): void {
    const random = this.#random;
    const id = random.below(USERS);
    const user = this.#present[id];
    if (user === undefined || user.peer.closeCause !== undefined) {
      const fresh = new SendUser(this.#client.dial(), id);
      this.#everyone.push(fresh);
      this.#present[id] = fresh;
      return;
    }
    const chance = random.float();
    const known = this.#everyone.filter((one) => one.id === id).flatMap(({ notices }) => notices);
    if (chance < 0.02) user.peer.abort();
    else if (chance < 0.04) user.peer.close();
    else if (chance < 0.25) this.#send(user);
    else if (known.length > 0) {
      const packetId = random.float() < 0.8 ? known[known.length - 1] : known[random.below(known.length)];
      user.claim(packetId);
      if (chance > 0.9) user.claim(packetId); // the same again, at once
      if (chance > 0.95) user.detail(packetId);
    }
  }

  #send(user: SendUser): void {
    const random = this.#random;
    const isAgain = this.#requestId > 0 && random.float() < 0.1;
    const requestId = isAgain ? this.#requestId : ++this.#requestId;
    if (random.float() < 0.4) {
      user.send(random.between(4, 200), { requestId, group: GROUP, shares: random.between(1, 4) });
      return;
    }
    const to = [0, 1, 2].map((i) => (user.id + 1 + i) % USERS);
    user.send(random.between(3, 200), { requestId, to, shares: random.between(1, 3), mode: random.below(2) });
  }

  async #start(): Promise<void> {
    const random = this.#random;
    const { judge } = openJudge(this.#store, undefined, NO_LIMITS);
    this.#host = new SimHost(this.#network, {
      plugins: [{ plugin: send, config: { expiresS: EXPIRES_S } }],
      workers: 1 + random.below(3),
      setsPerWorker: 1 + random.below(4),
      seats: 60,
      seed: this.#seed,
      ringEntries: 16,
      verdictMs: 200,
      ledger: new StoredLedger(judge, this.#store, this.#network.clock),
    });
    // Repeated at each start: what was done before is not done again.
    const headers = { "idempotency-key": "money" };
    void this.#host.request("post", "/fund", { users: [0, USERS - 1], amountFen: FUND_FEN }, headers);
    void this.#host.request("post", "/groups", { groups: [{ group: GROUP, users: [0, 7] }] });
    await this.#pass(1);
  }

  async #restart(): Promise<void> {
    this.#restarts++;
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
    for (let i = 0; i < 4; i++) await Promise.resolve();
  }

  #check(): void {
    const where = `seed ${this.#seed}`;
    assert.ok(this.#store.failures + this.#store.kills + this.#restarts > 3, `${where}: enough went wrong`);
    // Opening judges every row again: each follows from those before it.
    const { judge } = openJudge(this.#store, undefined, NO_LIMITS);
    const { sourceFen, userFen, packetFen } = judge.balances();
    assert.deepEqual([sourceFen, userFen, packetFen], [-USERS * FUND_FEN, USERS * FUND_FEN, 0], where);
    const rows = (kind: number) => this.#store.rows.filter((row) => row[RowField.kind] === kind);
    const claims = new Map(
      rows(EntryKind.claim).map((row) => [
        `${row[RowField.packetId]} ${row[RowField.user]}`,
        row[RowField.amount],
      ]),
    );
    assert.equal(claims.size, rows(EntryKind.claim).length, `${where}: one share a user`);
    const shares = new Set(
      rows(EntryKind.claim).map((row) => `${row[RowField.packetId]} ${row[RowField.count]}`),
    );
    assert.equal(shares.size, claims.size, `${where}: one user a share`);
    let paid = 0;
    for (const { id, claims: seen, sent } of this.#everyone) {
      for (const { packetId, result, amountFen } of seen) {
        if (result !== Result.ok && result !== Result.alreadyClaimed) continue;
        assert.equal(claims.get(`${packetId} ${id}`), amountFen, `${where}: what is seen is durable`);
        paid++;
      }
      for (const { packetId, result } of sent) {
        if (result === Result.ok) assert.equal(judge.sends.packet(packetId)?.sender, id, where);
      }
    }
    assert.ok(paid > 20, `${where}: enough was paid to mean anything (${paid})`);
    const taken = rows(EntryKind.takeBack).map((row) => row[RowField.packetId]);
    assert.equal(new Set(taken).size, taken.length, `${where}: nothing goes back twice`);
  }
}
