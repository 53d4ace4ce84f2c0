/**
 * The whole way of an award in virtual time: real loops, SETs, plugins and judge, on a network that resets and stalls, a
 * disk that fails, processes that die, and a wall clock that steps. Afterwards every invariant of the ledger must hold.
 * Repeat one run with REDPKT_SIM_SEED=n REDPKT_SIM_SEEDS=1.
 */
import assert from "node:assert/strict";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import { RowField } from "../../core/ledger/record/entry_rows.ts";
import type { Judge } from "../../core/ledger/judge/judge.ts";
import type { LedgerLimits } from "../../core/ledger/record/ledger.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { Result } from "../../core/wire/codes.ts";
import { frames, TOKEN_BYTES } from "../../core/wire/v1/frames.ts";
import { writeDelivered, writeLogin, writeOpen, writeShake } from "../../core/wire/v1/writers.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import { Disaster } from "../sim/sim_disaster.ts";
import { NO_FAULTS } from "../sim/sim_store.ts";

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

/** Every second user speaks version 1, so that they must open what they win; some of them never do. */
const speaks1 = (user: number) => user % 2 === 1;
const opens = (user: number) => user % 10 !== 1;

/** A connection of a user, by what they say and hear, in either version. */
class Shaker {
  readonly peer: SimPeer;
  readonly user: number;
  #requestId = 0;

  constructor(peer: SimPeer, user: number) {
    this.peer = peer;
    this.user = user;
    if (!speaks1(user)) peer.login(user);
    else peer.write((view, at) => writeLogin(view, at, 0, user, new Uint8Array(TOKEN_BYTES)));
  }

  shake(): void {
    if (!speaks1(this.user)) this.peer.shake(this.user);
    else this.peer.write((view, at) => writeShake(view, at, 0, ++this.#requestId));
  }

  /** Opens what they have heard of here; as often as one likes. */
  open(): void {
    for (const { packetId } of this.won) this.peer.write((view, at) => writeOpen(view, at, 0, packetId));
  }

  /** Says that they have heard of their packets. */
  confirm(): void {
    for (const { packetId } of this.won) this.peer.write((view, at) => writeDelivered(view, at, 0, packetId));
  }

  get won(): { packetId: number; amountFen: number }[] {
    if (!speaks1(this.user)) return this.peer.shakes.filter(({ packetId }) => packetId !== 0);
    return this.peer.read(frames.shakeResult).filter(({ packetId }) => packetId !== 0);
  }

  /** What they were told of packets that they have opened. */
  get opened(): { packetId: number; result: number; amountFen: number }[] {
    return this.peer.read(frames.openResult);
  }
}

class Catastrophe {
  readonly #world: Disaster;
  readonly #everyone: Shaker[] = [];
  readonly #present: Shaker[][] = Array.from({ length: USERS }, () => []);

  constructor(seed: number, ledgerClass = StoredLedger) {
    this.#world = new Disaster({
      seed,
      network: { splitProbability: 0.2, stallProbability: 0.02, stallMs: 300, resetProbability: 0.003 },
      limits: LIMITS,
      host: { plugins: [{ plugin: throttle }, { plugin: shake }], ringEntries: 8 },
      ledgerClass,
      afterStart: (host) =>
        void host.request("post", "/packets", {
          ratePerS: 20,
          total: 100,
          minFen: 1,
          maxFen: 500,
          sponsors: SPONSORS,
        }),
    });
  }

  async run(): Promise<void> {
    const { random, store } = this.#world;
    store.faults = { fail: 0.04, kill: 0.02, stayBroken: 0.5 };
    await this.#world.start();
    for (let step = 0; step < STEPS; step++) {
      this.#act();
      if (random.float() < 0.003) await this.#world.restart();
      await this.#world.pass(random.between(1, 30));
    }
    store.faults = NO_FAULTS;
    await this.#world.restart();
    await this.#comeBack();
    this.#check();
  }

  /** One thing that a user or the world does. */
  #act(): void {
    const { random, network } = this.#world;
    const user = random.below(USERS);
    const here = this.#present[user] = this.#present[user].filter(({ peer }) =>
      peer.closeCause === undefined
    );
    const chance = random.float();
    if (chance < 0.01) network.clock.stepWall(random.between(-600_000, 600_000));
    else if (here.length === 0 || (chance < 0.1 && here.length < CONNECTIONS)) this.#dial(user);
    else {
      const shaker = here[random.below(here.length)];
      if (chance < 0.12) shaker.peer.abort();
      else if (chance < 0.14) shaker.peer.close();
      else if (chance < 0.3 && speaks1(user)) {
        if (opens(user)) shaker.open();
        else shaker.confirm();
      } else shaker.shake();
      if (chance > 0.9) shaker.shake(); // the same again, at once
    }
  }

  #dial(user: number): void {
    const shaker = new Shaker(this.#world.client.dial(), user);
    this.#present[user].push(shaker);
    this.#everyone.push(shaker);
  }

  /** Everybody logs in once more and stays a while. */
  async #comeBack(): Promise<void> {
    for (let round = 0; round < 20; round++) {
      for (let user = 0; user < USERS; user++) {
        this.#present[user] = this.#present[user].filter(({ peer }) => peer.closeCause === undefined);
        if (this.#present[user].length === 0) this.#dial(user);
        for (const shaker of this.#present[user]) {
          shaker.shake();
          if (speaks1(user) && opens(user)) shaker.open();
        }
      }
      await this.#world.pass(500);
    }
  }

  #check(): void {
    const { store, where } = this.#world;
    assert.ok(store.failures + store.kills > 0, `${where}: something went wrong at all`);
    // Opening judges every row again: each follows from those before it.
    const { judge } = openJudge(store, undefined, LIMITS);
    const { sourceFen, poolFen, heldFen, userFen, returnedFen } = judge.balances();
    assert.equal(sourceFen + poolFen + heldFen + userFen + returnedFen, 0, where);
    const seen = new Map<number, number>();
    for (const { user, won } of this.#everyone) {
      for (const { packetId, amountFen } of won) {
        assert.deepEqual(judge.awardOf(packetId), { user, amountFen }, `${where}: packet ${packetId}`);
        seen.set(packetId, user);
      }
    }
    const awards = store.rows.filter((row) => row[RowField.kind] === EntryKind.award);
    assert.ok(awards.length >= USERS, `${where}: enough was won to mean anything`);
    const ofUser = new Map<number, number[]>();
    for (const row of awards) {
      const user = row[RowField.user];
      ofUser.set(user, [...(ofUser.get(user) ?? []), row[RowField.sponsor]]);
      assert.equal(row[RowField.count] === HELD, speaks1(user), where);
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
    this.#checkOpened(judge);
  }

  /** What somebody was told is open is open, once; and all is, of those who open. */
  #checkOpened(judge: Judge): void {
    const { store, where } = this.#world;
    const rows = store.rows.filter((row) => row[RowField.kind] === EntryKind.open);
    const openedBy = new Map(rows.map((row) => [row[RowField.packetId], row[RowField.user]]));
    assert.equal(openedBy.size, rows.length, `${where}: nothing is opened twice`);
    assert.ok(rows.length > 5, `${where}: enough was opened to mean anything`);
    for (const { user, opened } of this.#everyone) {
      for (const { packetId, result, amountFen } of opened) {
        if (result !== Result.ok) continue;
        assert.equal(openedBy.get(packetId), user, `${where}: packet ${packetId} is open`);
        assert.equal(amountFen, judge.awardOf(packetId)!.amountFen, where);
      }
    }
    for (const packetId of judge.packets.unopened()) {
      assert.ok(!opens(judge.awardOf(packetId)!.user), `${where}: packet ${packetId} was to be opened`);
    }
  }
}
