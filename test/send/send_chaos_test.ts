/**
 * Plugin `send` under faults in virtual time: a network that splits, stalls and resets, a disk that fails, processes that
 * die at any moment and start again with other numbers of SETs. Repeat one run with REDPKT_SIM_SEED=n REDPKT_SIM_SEEDS=1.
 */
import assert from "node:assert/strict";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { RowField } from "../../core/ledger/record/entry_rows.ts";
import { NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { Result } from "../../core/wire/codes.ts";
import send from "../../plugins/send/mod.ts";
import { SendUser } from "./send_world.ts";
import { Disaster } from "../sim/sim_disaster.ts";
import { NO_FAULTS } from "../sim/sim_store.ts";

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
  readonly #world: Disaster;
  readonly #everyone: SendUser[] = [];
  /** By user: their newest connection. */
  readonly #present: (SendUser | undefined)[] = new Array(USERS).fill(undefined);
  #requestId = 0;

  constructor(seed: number) {
    this.#world = new Disaster({
      seed,
      network: { splitProbability: 0.2, stallProbability: 0.01, stallMs: 200, resetProbability: 0.002 },
      limits: NO_LIMITS,
      host: { plugins: [{ plugin: send, config: { expiresS: EXPIRES_S } }], ringEntries: 16 },
      afterStart: (host) => {
        // Repeated at each start: what was done before is not done again.
        const headers = { "idempotency-key": "money" };
        void host.request("post", "/fund", { users: [0, USERS - 1], amountFen: FUND_FEN }, headers);
        void host.request("post", "/groups", { groups: [{ group: GROUP, users: [0, 7] }] });
      },
    });
  }

  async run(): Promise<void> {
    const { random, store } = this.#world;
    await this.#world.start();
    store.faults = { fail: 0.03, kill: 0.01, stayBroken: 0.5 };
    for (let step = 0; step < STEPS; step++) {
      this.#act();
      if (random.float() < 0.003) await this.#world.restart();
      await this.#world.pass(random.between(1, 40));
    }
    store.faults = NO_FAULTS;
    await this.#world.restart();
    // Everything that is open expires, and everybody is there again for as long.
    for (let second = 0; second < EXPIRES_S + 2; second++) {
      for (let id = 0; id < USERS; id++) this.#beThere(id);
      await this.#world.pass(1_000);
    }
    this.#check();
  }

  /** The user's connection; undefined if they must log in first, which they do. */
  #beThere(id: number): SendUser | undefined {
    const user = this.#present[id];
    if (user !== undefined && user.peer.closeCause === undefined) return user;
    const fresh = new SendUser(this.#world.client.dial(), id);
    this.#everyone.push(fresh);
    this.#present[id] = fresh;
    return undefined;
  }

  /** One thing that a user does. */
  #act(): void {
    const { random } = this.#world;
    const id = random.below(USERS);
    const user = this.#beThere(id);
    if (user === undefined) return;
    const chance = random.float();
    const known = this.#everyone.filter((one) => one.id === id).flatMap(({ notices }) => notices);
    if (chance < 0.04) user.peer.abort();
    else if (chance < 0.06) user.peer.close();
    else if (chance < 0.25) this.#send(user);
    else if (chance < 0.4) {
      for (const { packetId, amountFen } of user.claims) if (amountFen > 0) user.delivered(packetId);
    } else if (known.length > 0) {
      const packetId = random.float() < 0.8 ? known[known.length - 1] : known[random.below(known.length)];
      user.claim(packetId);
      if (chance > 0.9) user.claim(packetId); // the same again, at once
      if (chance > 0.95) user.detail(packetId);
    }
  }

  #send(user: SendUser): void {
    const { random } = this.#world;
    const isAgain = this.#requestId > 0 && random.float() < 0.1;
    const requestId = isAgain ? this.#requestId : ++this.#requestId;
    if (random.float() < 0.4) {
      user.send(random.between(4, 200), { requestId, group: GROUP, shares: random.between(1, 4) });
      return;
    }
    const to = [0, 1, 2].map((i) => (user.id + 1 + i) % USERS);
    user.send(random.between(3, 200), { requestId, to, shares: random.between(1, 3), mode: random.below(2) });
  }

  #check(): void {
    const { store, where, troubles } = this.#world;
    assert.ok(troubles > 3, `${where}: enough went wrong`);
    // Opening judges every row again: each follows from those before it.
    const { judge } = openJudge(store, undefined, NO_LIMITS);
    const { sourceFen, userFen, packetFen } = judge.balances();
    assert.deepEqual([sourceFen, userFen, packetFen], [-USERS * FUND_FEN, USERS * FUND_FEN, 0], where);
    const rows = (kind: number) => store.rows.filter((row) => row[RowField.kind] === kind);
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
    const heard = new Set<string>();
    for (const { id, claims: seen, sent } of this.#everyone) {
      for (const { packetId, result, amountFen } of seen) {
        if (result !== Result.ok && result !== Result.alreadyClaimed) continue;
        assert.equal(claims.get(`${packetId} ${id}`), amountFen, `${where}: what is seen is durable`);
        heard.add(`${packetId} ${id}`);
        paid++;
      }
      for (const { packetId, result } of sent) {
        if (result === Result.ok) assert.equal(judge.sends.packet(packetId)?.fields.sender, id, where);
      }
    }
    assert.ok(paid > 20, `${where}: enough was paid to mean anything (${paid})`);
    for (const claim of claims.keys()) {
      assert.ok(heard.has(claim), `${where}: claim ${claim} was heard of, at a later login if need be`);
    }
    assert.equal(judge.sends.keptCount, 0, `${where}: nothing is open, so nothing is in memory`);
    const taken = rows(EntryKind.takeBack).map((row) => row[RowField.packetId]);
    assert.equal(new Set(taken).size, taken.length, `${where}: nothing goes back twice`);
  }
}
