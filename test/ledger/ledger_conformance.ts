/**
 * What every ledger must do, whatever it is made of. An implementation runs the kit with `describeLedger`; each test
 * opens a ledger of its own.
 */
import assert from "node:assert/strict";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import {
  ENTRY_WORDS,
  EntryWord,
  HELD,
  Refusal,
  setEntryAmountFen,
  Verdict,
} from "../../core/ledger/record/entry.ts";
import { LAST_TICKET_ID } from "../../core/base/id_space.ts";
import { emptyJudgement } from "../../core/ledger/record/judgement.ts";
import { type Ledger, type LedgerLimits, NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { Random } from "../../core/base/random.ts";
import { compareWithModel } from "./ledger_random.ts";
import { type Entry, LedgerModel } from "./ledger_model.ts";

/** A ledger under test. */
export interface OpenedLedger {
  readonly ledger: Ledger;
  /** Closes the ledger and opens it again on what it had made durable. Absent for one that forgets everything. */
  reopen?(): Ledger;
  /** Closes the ledger that is open now and removes what it stored. */
  dispose(): void;
}

const MOST_ID = 0xffff_ffff;

/** Drives one ledger by plain entries, the way a worker's words would. */
export class Bench {
  ledger: Ledger;
  /** `count` of the last answer that named a pending award. */
  pendingCount = -1;
  readonly #opened: OpenedLedger;
  readonly #words = new Int32Array(3 * ENTRY_WORDS);
  readonly #judgement = emptyJudgement();

  constructor(opened: OpenedLedger) {
    this.#opened = opened;
    this.ledger = opened.ledger;
  }

  /** Judges without a commit. */
  stage(entry: Entry): [verdict: number, detail: number] {
    // Not at the start, and between strange words: a ledger reads its own entry only.
    this.#words.fill(-1);
    const at = ENTRY_WORDS;
    this.#words.fill(0, at, at + ENTRY_WORDS);
    this.#words[at + EntryWord.kind] = entry.kind;
    this.#words[at + EntryWord.packetId] = entry.packetId;
    this.#words[at + EntryWord.user] = entry.user;
    this.#words[at + EntryWord.count] = entry.count;
    this.#words[at + EntryWord.sponsor] = entry.sponsor ?? 0;
    setEntryAmountFen(this.#words, at, entry.amountFen);
    const before = this.#words.slice();
    this.ledger.judge(this.#words, at, this.#judgement);
    assert.deepEqual(this.#words, before, "the entry itself is not written to");
    return [this.#judgement.verdict, this.#judgement.detail];
  }

  /** What the last judgement told. */
  get amountFen(): number {
    return this.#judgement.amountFen;
  }

  held(): number {
    return this.ledger.balances().heldFen;
  }

  /** Judges and commits. */
  judge(entry: Entry): [verdict: number, detail: number] {
    const judged = this.stage(entry);
    assert.ok(this.ledger.commit());
    return judged;
  }

  /** The user's undelivered packets, as a login asks for them. */
  pending(user: number): number[] {
    const found: number[] = [];
    let after = 0;
    for (;;) {
      this.stage({ kind: EntryKind.pendingOf, user, packetId: after, amountFen: 0, count: 0 });
      after = this.#judgement.packetId;
      if (after === 0) return found;
      assert.deepEqual(this.ledger.awardOf(after), { user, amountFen: this.#judgement.amountFen });
      found.push(after);
      this.pendingCount = this.#judgement.count;
    }
  }

  /** Balances after a check of what holds at any moment. */
  balances(): [sourceFen: number, poolFen: number, userFen: number] {
    const { sourceFen, poolFen, heldFen, userFen, returnedFen, packetFen } = this.ledger.balances();
    const sumFen = sourceFen + poolFen + heldFen + userFen + returnedFen + packetFen;
    assert.equal(sumFen, 0, "the sum of all accounts is 0");
    assert.ok(
      poolFen >= 0 && heldFen >= 0 && userFen >= 0 && sourceFen <= 0 && returnedFen >= 0 && packetFen >= 0,
      "no account is overdrawn",
    );
    return [sourceFen, poolFen, userFen];
  }

  get canReopen(): boolean {
    return this.#opened.reopen !== undefined;
  }

  reopen(): void {
    this.ledger = this.#opened.reopen!();
  }
}

function mint(packetId: number, count: number, amountFen: number, sponsor = 0): Entry {
  return { kind: EntryKind.mint, packetId, count, amountFen, user: 0, sponsor };
}

function award(packetId: number, user: number, amountFen: number, sponsor = 0): Entry {
  return { kind: EntryKind.award, packetId, user, amountFen, count: 0, sponsor };
}

function heldAward(packetId: number, user: number, amountFen: number, sponsor = 0): Entry {
  return { ...award(packetId, user, amountFen, sponsor), count: HELD };
}

/** The ledger knows the amount, so whoever opens needn't. */
function openOf(packetId: number, user: number): Entry {
  return { kind: EntryKind.open, packetId, user, amountFen: 0, count: 0 };
}

function lapse(packetId: number, user: number, amountFen: number, sponsor = 0): Entry {
  return { kind: EntryKind.lapse, packetId, user, amountFen, count: 0, sponsor };
}

function giveBack(belowId: number, amountFen: number, sponsor = 0): Entry {
  return { kind: EntryKind.giveBack, packetId: belowId, user: 0, amountFen, count: 0, sponsor };
}

function delivered(packetId: number, user: number): Entry {
  return { kind: EntryKind.delivered, packetId, user, amountFen: 0, count: 0 };
}

const refused = (detail: number) => [Verdict.refused, detail];

const DONE = [Verdict.done, Refusal.none];
const DONE_BEFORE = [Verdict.doneBefore, Refusal.none];

type Case = readonly [what: string, run: (bench: Bench) => void];

const CASES: readonly Case[] = [
  ["begins empty, with packet id 1", ({ ledger }) => {
    assert.equal(ledger.nextPacketId, 1);
    const nothing = { sourceFen: 0, poolFen: 0, heldFen: 0, userFen: 0, returnedFen: 0, packetFen: 0 };
    assert.deepEqual(ledger.balances(), nothing);
    assert.equal(ledger.awardOf(1), undefined);
  }],
  ["a mint moves money from source to pool, and its ids are used", (bench) => {
    assert.deepEqual(bench.judge(mint(1, 10, 500)), DONE);
    assert.deepEqual(bench.balances(), [-500, 500, 0]);
    assert.equal(bench.ledger.nextPacketId, 11);
    assert.equal(bench.ledger.awardOf(1), undefined);
  }],
  ["an award moves money from pool to user", (bench) => {
    bench.judge(mint(1, 10, 500));
    assert.deepEqual(bench.judge(award(3, 77, 60)), DONE);
    assert.deepEqual(bench.balances(), [-500, 440, 60]);
    assert.deepEqual(bench.ledger.awardOf(3), { user: 77, amountFen: 60 });
    assert.equal(bench.ledger.awardOf(4), undefined);
  }],
  ["the same entry again is done before and changes nothing, in the same batch and later", (bench) => {
    assert.deepEqual(bench.stage(mint(1, 10, 500)), DONE);
    assert.deepEqual(bench.stage(mint(1, 10, 500)), DONE_BEFORE);
    assert.deepEqual(bench.stage(award(3, 77, 60)), DONE);
    assert.deepEqual(bench.stage(award(3, 77, 60)), DONE_BEFORE);
    bench.ledger.commit();
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(bench.judge(mint(1, 10, 500)), DONE_BEFORE);
      assert.deepEqual(bench.judge(award(3, 77, 60)), DONE_BEFORE);
      assert.deepEqual(bench.balances(), [-500, 440, 60]);
      assert.equal(bench.ledger.nextPacketId, 11);
    }
  }],
  ["commits with nothing staged change nothing", (bench) => {
    bench.ledger.commit();
    bench.judge(mint(1, 1, 5));
    bench.ledger.commit();
    assert.deepEqual(bench.balances(), [-5, 5, 0]);
  }],
  ["a pool that two awards of one batch would overdraw pays the first only", (bench) => {
    bench.judge(mint(1, 2, 100));
    assert.deepEqual(bench.stage(award(1, 5, 70)), DONE);
    assert.deepEqual(bench.stage(award(2, 6, 70)), [Verdict.refused, Refusal.poolEmpty]);
    assert.deepEqual(bench.stage(award(2, 6, 30)), DONE);
    bench.ledger.commit();
    assert.deepEqual(bench.balances(), [-100, 0, 100]);
  }],
  ["the ends of the ranges: user 0, the highest user and packet id, amounts over 32 bits", (bench) => {
    const amountFen = 5 * 2 ** 40 + 3;
    assert.deepEqual(bench.judge(mint(LAST_TICKET_ID - 1, 2, amountFen)), DONE);
    assert.equal(bench.ledger.nextPacketId, 2 ** 31);
    assert.deepEqual(bench.judge(award(LAST_TICKET_ID, 0, amountFen - 2 ** 33)), DONE);
    assert.deepEqual(bench.judge(award(LAST_TICKET_ID - 1, MOST_ID, 2 ** 33)), DONE);
    assert.deepEqual(bench.ledger.awardOf(LAST_TICKET_ID), { user: 0, amountFen: amountFen - 2 ** 33 });
    assert.deepEqual(bench.ledger.awardOf(LAST_TICKET_ID - 1), { user: MOST_ID, amountFen: 2 ** 33 });
    assert.deepEqual(bench.balances(), [-amountFen, 0, amountFen]);
  }],
  ["money past 2^53 fen in all is refused, since it could not be counted exactly", (bench) => {
    assert.deepEqual(bench.judge(mint(1, 1, Number.MAX_SAFE_INTEGER)), DONE);
    assert.deepEqual(bench.judge(mint(2, 1, 1)), [Verdict.refused, Refusal.malformed]);
    assert.deepEqual(bench.judge(award(1, 5, Number.MAX_SAFE_INTEGER)), DONE);
    assert.deepEqual(bench.balances(), [-Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER]);
  }],
  ["what nobody won goes back to its sponsor once, and can't be won afterwards", (bench) => {
    bench.judge(mint(1, 10, 500, 7));
    bench.judge(mint(11, 10, 300, 8));
    bench.judge(award(1, 5, 60, 7));
    assert.deepEqual(bench.judge(giveBack(21, 439, 7)), refused(Refusal.malformed));
    assert.deepEqual(bench.judge(giveBack(20, 440, 7)), refused(Refusal.malformed));
    assert.deepEqual(bench.judge(giveBack(21, 440, 7)), DONE);
    assert.deepEqual(bench.judge(giveBack(21, 440, 7)), DONE_BEFORE);
    assert.equal(bench.ledger.balances().returnedFen, 440);
    assert.deepEqual(bench.judge(award(2, 5, 60, 7)), refused(Refusal.givenBack));
    assert.deepEqual(bench.judge(award(1, 5, 60, 7)), DONE_BEFORE);
    assert.deepEqual(bench.judge(award(12, 5, 60, 8)), DONE);
    assert.deepEqual(bench.judge(mint(21, 1, 5, 7)), DONE);
    assert.deepEqual(bench.judge(award(21, 5, 5, 7)), DONE);
    assert.deepEqual(bench.balances(), [-805, 240, 125]);
  }],
  ["a packet is its sponsor's alone, and one sponsor's pool doesn't pay another's", (bench) => {
    bench.judge(mint(1, 10, 100, 7));
    bench.judge(mint(11, 10, 100, 65_535));
    assert.deepEqual(bench.judge(award(1, 5, 10, 65_535)), refused(Refusal.wrongSponsor));
    assert.deepEqual(bench.judge(award(1, 5, 101, 7)), refused(Refusal.poolEmpty));
    assert.deepEqual(bench.judge(mint(21, 1, 1, 65_536)), refused(Refusal.malformed));
    assert.deepEqual(bench.judge(mint(21, 1, 1, -1)), refused(Refusal.malformed));
    assert.deepEqual(bench.judge(award(11, 5, 100, 65_535)), DONE);
  }],
  ["an award is pending until it is delivered, and an answer about one user names no other's", (bench) => {
    bench.judge(mint(1, 10, 100));
    for (const id of [1, 2, 3]) bench.judge(award(id, 5, 10));
    bench.judge(award(4, 6, 10));
    assert.deepEqual(bench.pending(5), [3, 2, 1]);
    assert.deepEqual(bench.judge(delivered(2, 6)), refused(Refusal.unknownPacket));
    assert.deepEqual(bench.judge(delivered(9, 5)), refused(Refusal.unknownPacket));
    assert.deepEqual(bench.judge(delivered(2, 5)), DONE);
    assert.deepEqual(bench.judge(delivered(2, 5)), DONE_BEFORE);
    assert.deepEqual(bench.pending(5), [3, 1]);
    assert.deepEqual(bench.pending(6), [4]);
    assert.deepEqual(bench.pending(7), []);
    assert.deepEqual(bench.balances(), [-100, 60, 40]);
  }],
  ["a held award is its user's once they open it, and it takes no other's word for that", (bench) => {
    bench.judge(mint(1, 10, 100, 7));
    assert.deepEqual(bench.judge(heldAward(1, 5, 10, 7)), DONE);
    assert.deepEqual([...bench.balances(), bench.held()], [-100, 90, 0, 10]);
    assert.equal(bench.ledger.unopened, 1);
    assert.deepEqual(bench.judge(heldAward(1, 5, 10, 7)), DONE_BEFORE);
    for (const [packetId, user] of [[1, 6], [2, 5], [11, 5], [0, 5]]) {
      assert.deepEqual(bench.judge(openOf(packetId, user)), refused(Refusal.unknownPacket));
    }
    if (bench.canReopen) bench.reopen();
    assert.deepEqual(bench.judge(openOf(1, 5)), DONE);
    assert.equal(bench.amountFen, 10);
    if (bench.canReopen) bench.reopen();
    assert.deepEqual(bench.judge(openOf(1, 5)), DONE_BEFORE);
    assert.equal(bench.amountFen, 10);
    assert.deepEqual(bench.judge(award(2, 6, 20, 7)), DONE);
    assert.deepEqual(bench.judge(openOf(2, 6)), DONE_BEFORE, "an award that isn't held is open already");
    assert.deepEqual([...bench.balances(), bench.held()], [-100, 70, 30, 0]);
    assert.equal(bench.ledger.unopened, 0);
  }],
  [
    "an award is pending until it is delivered and open, and the answer says which of the two it lacks",
    (bench) => {
      bench.judge(mint(1, 10, 100));
      bench.judge(heldAward(1, 5, 10));
      bench.judge(heldAward(2, 5, 10));
      assert.deepEqual(bench.pending(5), [2, 1]);
      assert.equal(bench.pendingCount, HELD);
      bench.judge(delivered(1, 5));
      assert.deepEqual(bench.pending(5), [2, 1]);
      bench.judge(openOf(2, 5));
      bench.judge(openOf(1, 5));
      if (bench.canReopen) bench.reopen();
      assert.deepEqual(bench.pending(5), [2]);
      assert.equal(bench.pendingCount, 0);
      bench.judge(delivered(2, 5));
      assert.deepEqual(bench.pending(5), []);
    },
  ],
  ["what is never opened goes back to its sponsor once, and can't be opened afterwards", (bench) => {
    bench.judge(mint(1, 10, 100, 7));
    for (const id of [1, 2]) bench.judge(heldAward(id, 5, 10, 7));
    bench.judge(award(3, 5, 10, 7));
    bench.judge(openOf(2, 5));
    const wrong = [lapse(1, 6, 10, 7), lapse(1, 5, 11, 7), lapse(1, 5, 10, 8), lapse(4, 5, 10, 7)];
    for (const entry of wrong) assert.deepEqual(bench.judge(entry), refused(Refusal.malformed));
    for (const id of [2, 3]) {
      assert.deepEqual(bench.judge(lapse(id, 5, 10, 7)), refused(Refusal.packetTaken), "it is theirs by now");
    }
    assert.deepEqual(bench.judge(lapse(1, 5, 10, 7)), DONE);
    if (bench.canReopen) bench.reopen();
    assert.deepEqual(bench.judge(lapse(1, 5, 10, 7)), DONE_BEFORE);
    assert.deepEqual(bench.judge(openOf(1, 5)), refused(Refusal.givenBack));
    assert.deepEqual(bench.pending(5), [3, 2]);
    assert.deepEqual([...bench.balances(), bench.held()], [-100, 70, 20, 0]);
    assert.equal(bench.ledger.balances().returnedFen, 10);
  }],
];

const RANDOM_SEEDS = Number(Deno.env.get("REDPKT_SIM_SEEDS") ?? 8);
const RANDOM_LIMITS: Readonly<Record<string, LedgerLimits>> = {
  "without limits": NO_LIMITS,
  "with both limits": { packetsPerUser: 5, packetsPerSponsor: 2 },
  "with a limit on users": { packetsPerUser: 6, packetsPerSponsor: Infinity },
  "with a limit on sponsors": { packetsPerUser: Infinity, packetsPerSponsor: 3 },
};

/** Cases with at most 3 packets a user, and 1 of each sponsor. */
const LIMITED: LedgerLimits = { packetsPerUser: 3, packetsPerSponsor: 1 };
const LIMITED_CASES: readonly Case[] = [
  ["a user gets one packet of a sponsor and three in all, and a refusal changes nothing", (bench) => {
    for (let sponsor = 0; sponsor < 5; sponsor++) bench.judge(mint(1 + sponsor * 10, 10, 100, sponsor));
    assert.deepEqual(bench.judge(award(1, 5, 10, 0)), DONE);
    assert.deepEqual(bench.judge(award(2, 5, 10, 0)), refused(Refusal.sponsorLimit));
    assert.deepEqual(bench.stage(award(11, 5, 10, 1)), DONE);
    assert.deepEqual(bench.stage(award(12, 5, 10, 1)), refused(Refusal.sponsorLimit));
    assert.deepEqual(bench.stage(award(21, 5, 10, 2)), DONE);
    assert.deepEqual(bench.stage(award(31, 5, 10, 3)), refused(Refusal.userLimit));
    bench.ledger.commit();
    assert.deepEqual(bench.judge(award(31, 6, 10, 3)), DONE);
    assert.deepEqual(bench.judge(award(1, 5, 10, 0)), DONE_BEFORE);
    assert.deepEqual(bench.balances(), [-500, 460, 40]);
    if (!bench.canReopen) return;
    bench.reopen();
    assert.deepEqual(bench.judge(award(41, 5, 10, 4)), refused(Refusal.userLimit));
    assert.deepEqual(bench.judge(award(32, 6, 10, 3)), refused(Refusal.sponsorLimit));
    assert.deepEqual(bench.judge(award(41, 6, 10, 4)), DONE);
  }],
  ["many users at their limits at once, each exactly", (bench) => {
    bench.judge(mint(1, 30_000, 30_000, 0));
    bench.judge(mint(30_001, 30_000, 30_000, 1));
    const done = new Map<number, number>();
    const random = new Random(7);
    for (let i = 0; i < 30_000; i++) {
      const sponsor = random.below(2);
      const user = random.below(5_000) * 859_433; // spread over all 32 bits
      const [verdict] = bench.stage(award(1 + sponsor * 30_000 + i, user, 1, sponsor));
      const key = user * 2 + sponsor;
      assert.equal(verdict, done.has(key) ? Verdict.refused : Verdict.done);
      done.set(key, i);
    }
    bench.ledger.commit();
  }],
];

const { malformed, packetTaken, unknownPacket, poolEmpty, idsTaken } = Refusal;
/** Refused after ids 1 to 10 and 21 to 30 were minted and 3 went to user 77 with 60 fen. */
const REFUSALS: readonly (readonly [reason: string, entry: Entry, detail: number])[] = [
  ["a packet that another user has", award(3, 78, 60), packetTaken],
  ["a packet that the user has with another amount", award(3, 77, 61), packetTaken],
  ["a packet that has no id yet", award(31, 77, 1), unknownPacket],
  ["a packet between two mints", award(15, 77, 1), unknownPacket],
  ["more than the pool holds", award(4, 77, 541), poolEmpty],
  ["a mint of the same ids with another sum", mint(1, 10, 501), idsTaken],
  ["a mint of the same first id with another count", mint(1, 9, 500), idsTaken],
  ["a mint that begins inside another", mint(30, 5, 50), idsTaken],
  ["a mint that ends inside another", mint(15, 7, 50), idsTaken],
  ["a mint of ids that were skipped", mint(11, 3, 50), idsTaken],
  ["packet id 0", award(0, 77, 1), malformed],
  ["a mint from packet id 0", mint(0, 5, 50), malformed],
  ["an amount of 0", award(4, 77, 0), malformed],
  ["an amount below 0", award(4, 77, -5), malformed],
  ["an amount that is no exact number", award(4, 77, 2 ** 53), malformed],
  ["a mint of no packets", mint(31, 0, 50), malformed],
  ["a mint of less than no packets", mint(31, -1, 50), malformed],
  ["a mint with less than 1 fen a packet", mint(31, 51, 50), malformed],
  ["a mint of ids past 32 bits", mint(MOST_ID, 2, 50), malformed],
  ["a mint of ids that are another host's", mint(0x8010_0000, 2, 50), idsTaken],
  ["kind 0", { ...award(4, 77, 1), kind: 0 }, malformed],
  ["a kind that doesn't exist", { ...award(4, 77, 1), kind: 99 }, malformed],
];

function refuses(bench: Bench, entry: Entry, detail: number): void {
  bench.judge(mint(1, 10, 500));
  bench.judge(mint(21, 10, 100));
  bench.judge(award(3, 77, 60));
  assert.deepEqual(bench.judge(entry), [Verdict.refused, detail]);
  assert.deepEqual(bench.balances(), [-600, 540, 60]);
  assert.equal(bench.ledger.nextPacketId, 31);
  assert.deepEqual(bench.ledger.awardOf(3), { user: 77, amountFen: 60 });
  assert.equal(bench.ledger.awardOf(4), undefined);
  // And it isn't remembered against a good entry.
  assert.deepEqual(bench.judge(award(4, 78, 40)), DONE);
}

function remembers(bench: Bench): void {
  bench.stage(mint(1, 10, 500));
  bench.stage(award(3, 77, 60));
  bench.ledger.commit();
  bench.reopen();
  assert.equal(bench.ledger.nextPacketId, 11);
  assert.deepEqual(bench.balances(), [-500, 440, 60]);
  assert.deepEqual(bench.ledger.awardOf(3), { user: 77, amountFen: 60 });
  assert.deepEqual(bench.judge(mint(1, 10, 500)), DONE_BEFORE);
  assert.deepEqual(bench.judge(award(3, 77, 60)), DONE_BEFORE);
  assert.deepEqual(bench.judge(award(3, 78, 60)), [Verdict.refused, Refusal.packetTaken]);
  assert.deepEqual(bench.judge(mint(5, 1, 5)), [Verdict.refused, Refusal.idsTaken]);
  assert.deepEqual(bench.judge(mint(11, 1, 5)), DONE);
  assert.deepEqual(bench.pending(77), [3]);
  bench.judge(delivered(3, 77));
  bench.reopen();
  assert.deepEqual(bench.pending(77), []);
}

/**
 * Registers the tests of a ledger.
 *
 * @param name in front of every test's name
 * @param open makes an empty ledger with these limits, once a test
 */
export function describeLedger(name: string, open: (limits: LedgerLimits) => OpenedLedger): void {
  function withBench(run: (bench: Bench) => void, limits = NO_LIMITS): void {
    const opened = open(limits);
    try {
      run(new Bench(opened));
    } finally {
      opened.dispose();
    }
  }
  function test(what: string, run: (bench: Bench) => void): void {
    Deno.test(`${name}: ${what}`, () => withBench(run));
  }

  for (const [what, run] of CASES) test(what, run);
  for (const [what, run] of LIMITED_CASES) {
    Deno.test(`${name}: ${what}`, () => withBench(run, LIMITED));
  }
  for (const [reason, entry, detail] of REFUSALS) {
    test(`refuses ${reason}, and nothing changes`, (bench) => refuses(bench, entry, detail));
  }
  for (const [what, limits] of Object.entries(RANDOM_LIMITS)) {
    Deno.test(`${name}: random entries ${what} are judged as the model judges them`, () => {
      for (let seed = 1; seed <= RANDOM_SEEDS; seed++) {
        withBench((bench) => compareWithModel(bench, new LedgerModel(limits), seed), limits);
      }
    });
  }
  const reopening = "what was committed is there when it is opened again";
  let lasts = false;
  withBench((bench) => lasts = bench.canReopen);
  if (lasts) test(reopening, remembers);
  // Named, so that nobody takes the ledger for one that lasts.
  else Deno.test.ignore(`${name}: ${reopening} (this one forgets)`, () => {});
}
