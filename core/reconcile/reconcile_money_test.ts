/** Every kind of row moves money: what is added up from them is what a ledger says of itself. */
import assert from "node:assert/strict";
import { awardsText } from "../client/state/awards_format.ts";
import { EntryKind } from "../ledger/kinds/entry_kinds.ts";
import {
  ENTRY_WORDS,
  EntryWord,
  HELD,
  PAYLOAD_AT,
  PAYLOAD_WORDS,
  setEntryAmountFen,
  Verdict,
} from "../ledger/record/entry.ts";
import { emptyJudgement } from "../ledger/record/judgement.ts";
import { NO_LIMITS } from "../ledger/record/ledger.ts";
import { openJudge } from "../ledger/checkpoint/open_judge.ts";
import { sendBodyWords } from "../ledger/record/send_body.ts";
import { SqliteStore } from "../ledger/store/sqlite_store.ts";
import { StoredLedger } from "../ledger/store/stored_ledger.ts";
import { ManualClock } from "../base/clock.ts";
import { reconcile } from "./reconcile.ts";

const LARGE_FEN = 5 * 2 ** 40 + 3;

interface Entry {
  readonly packetId?: number;
  readonly user?: number;
  readonly sponsor?: number;
  readonly count?: number;
}

/** A ledger that entries are put into one by one. */
class Filled implements Disposable {
  readonly directory = Deno.makeTempDirSync();
  /** When all of them are committed. */
  readonly wallMs = 1_763_600_000_123;
  readonly #store = new SqliteStore(this.directory, "off");
  readonly #ledger = new StoredLedger(
    openJudge(this.#store, undefined, NO_LIMITS).judge,
    this.#store,
    new ManualClock(this.wallMs),
  );
  readonly #words = new Int32Array(ENTRY_WORDS);
  readonly #judgement = emptyJudgement();
  #requests = 0;

  enter(kind: number, amountFen: number, { packetId = 0, user = 0, sponsor = 0, count = 0 }: Entry): number {
    const words = this.#words.fill(0);
    words[EntryWord.kind] = kind;
    words[EntryWord.packetId] = packetId;
    words[EntryWord.user] = user;
    words[EntryWord.sponsor] = sponsor;
    words[EntryWord.count] = count;
    words[EntryWord.tag] = 1;
    setEntryAmountFen(words, 0, amountFen);
    this.#ledger.judge(words, 0, this.#judgement);
    assert.equal(this.#judgement.verdict, Verdict.done);
    return this.#judgement.packetId;
  }

  /** A packet of a user, or of the host, with these shares for the users 11, 12, ... */
  send(user: number, sponsor: number, ...shares: number[]): number {
    const recipients = Uint32Array.from(shares, (_, i) => 11 + i);
    const fields = { mode: 0, group: 0, deadlineMs: 2e12, requestId: ++this.#requests };
    const body = sendBodyWords({ ...fields, recipients, shares: Uint32Array.from(shares) });
    for (let at = 0; at < body.length; at += PAYLOAD_WORDS) {
      this.#words.fill(0)[EntryWord.kind] = EntryKind.part;
      this.#words.set(body.subarray(at, at + PAYLOAD_WORDS), PAYLOAD_AT);
      this.#ledger.judge(this.#words, 0, this.#judgement);
    }
    const fen = shares.reduce((sum, share) => sum + share, 0);
    return this.enter(EntryKind.send, fen, { user, sponsor, count: shares.length });
  }

  close(): ReturnType<StoredLedger["balances"]> {
    const balances = this.#ledger.balances();
    this.#ledger.close();
    return balances;
  }

  /** Once it is closed: the limit that was in force. */
  noteLimits(packetsPerSponsor: number, packetsPerUser = Infinity): void {
    const store = new SqliteStore(this.directory, "off");
    store.noteLimits({ packetsPerUser, packetsPerSponsor }, 0);
    store.close();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

Deno.test("all accounts are as the ledger's own, after every kind of row", () => {
  using filled = new Filled();
  filled.enter(EntryKind.mint, LARGE_FEN + 30, { packetId: 1, count: 4, sponsor: 7 });
  filled.enter(EntryKind.award, LARGE_FEN, { packetId: 1, user: 5, sponsor: 7 });
  filled.enter(EntryKind.award, 10, { packetId: 2, user: 5, sponsor: 7, count: HELD });
  filled.enter(EntryKind.award, 11, { packetId: 3, user: 6, sponsor: 7, count: HELD });
  filled.enter(EntryKind.open, 0, { packetId: 2, user: 5 });
  filled.enter(EntryKind.lapse, 11, { packetId: 3, user: 6, sponsor: 7 });
  filled.enter(EntryKind.giveBack, 9, { packetId: 5, sponsor: 7 });
  filled.enter(EntryKind.fund, 1_000, { user: 20 });
  const all = filled.send(20, 0, 30, 20);
  filled.enter(EntryKind.claim, 30, { packetId: all, user: 11, count: 0 });
  filled.enter(EntryKind.claim, 20, { packetId: all, user: 12, count: 1 });
  const back = filled.send(20, 0, 40, 60);
  filled.enter(EntryKind.claim, 60, { packetId: back, user: 12, count: 1 });
  filled.enter(EntryKind.takeBack, 40, { packetId: back, user: 20 });
  const hosts = filled.send(0, 1, 5, 6);
  filled.enter(EntryKind.claim, 5, { packetId: hosts, user: 11, count: 0 });
  filled.enter(EntryKind.takeBack, 6, { packetId: hosts, sponsor: 1 });
  const balances = filled.close();
  const result = reconcile({ ledgers: [filled.directory], fleetFiles: [] });
  assert.deepEqual(result.differences, []);
  const { ledger: _ledger, hostNumber, ...accounts } = result.accounts[0];
  assert.deepEqual([hostNumber, accounts], [0, balances]);
  assert.deepEqual([accounts.packetFen, accounts.heldFen, accounts.poolFen], [0, 0, 0]);
  assert.deepEqual(
    [result.packetsMade, result.awards, result.pending, result.pendingFen, result.opened, result.shares],
    [4, 3, 3, LARGE_FEN + 21, 1, 4],
  );
});

Deno.test("one award that no file covers is one too many", () => {
  using filled = new Filled();
  filled.enter(EntryKind.mint, 5, { packetId: 1, count: 1, sponsor: 7 });
  filled.enter(EntryKind.award, 5, { packetId: 1, user: 5, sponsor: 7 });
  filled.close();
  const fleet = `${filled.directory}/fleet.csv`;
  Deno.writeTextFileSync(fleet, awardsText({ first: 6, stride: 1, count: 10 }, "", 1, 2));
  const { isClean, uncovered, fleetFiles, pending } = reconcile({
    ledgers: [filled.directory],
    fleetFiles: [fleet],
  });
  assert.deepEqual([isClean, uncovered, fleetFiles, pending], [false, 1, 1, 0], "it isn't pending besides");
  const cut = reconcile({ ledgers: [filled.directory], fleetFiles: [], cutFleetFiles: [fleet] });
  assert.deepEqual([cut.isClean, cut.uncovered, cut.fleetFiles], [false, 1, 1]);
});

Deno.test("a sponsor's limit is counted over all ledgers, by sponsor", () => {
  using one = new Filled();
  using other = new Filled();
  for (const [filled, firstId] of [[one, 1], [other, 101]] as const) {
    filled.enter(EntryKind.mint, 20, { packetId: firstId, count: 2, sponsor: 7 });
    filled.enter(EntryKind.award, 10, { packetId: firstId, user: 5, sponsor: 7 });
    filled.close();
    filled.noteLimits(1);
  }
  assert.deepEqual(reconcile({ ledgers: [one.directory], fleetFiles: [] }).differences, []);
  const { differences } = reconcile({ ledgers: [one.directory, other.directory], fleetFiles: [] });
  assert.deepEqual(differences, ["user 5: has 2 packets of sponsor 7, and 1 are allowed"]);
});

Deno.test("of ledgers with different limits the loosest counts, each by itself", () => {
  using one = new Filled();
  using other = new Filled();
  for (const [filled, firstId] of [[one, 1], [other, 101]] as const) {
    filled.enter(EntryKind.mint, 40, { packetId: firstId, count: 4, sponsor: 7 });
    for (const packetId of [firstId, firstId + 1]) {
      filled.enter(EntryKind.award, 10, { packetId, user: 5, sponsor: 7 });
    }
    filled.close();
  }
  one.noteLimits(3, 2);
  other.noteLimits(1, 3);
  const { differences } = reconcile({ ledgers: [one.directory, other.directory], fleetFiles: [] });
  assert.deepEqual(differences, [
    "user 5: has 4 packets, and 3 are allowed",
    "user 5: has 4 packets of sponsor 7, and 3 are allowed",
  ]);
});

Deno.test("who logged in after their award was durable, and stayed, must have seen it: by the ledger's own times", () => {
  using filled = new Filled();
  const { wallMs } = filled;
  filled.enter(EntryKind.mint, 5, { packetId: 1, count: 1, sponsor: 7 });
  filled.enter(EntryKind.award, 5, { packetId: 1, user: 5, sponsor: 7 });
  filled.close();
  const fleet = `${filled.directory}/fleet.csv`;
  for (const [afterMs, isDifference] of [[-5, false], [1_000, false], [1_001, true], [1e9, true]] as const) {
    const stayed = `5,0,0,stayed,${wallMs + afterMs}\n`;
    Deno.writeTextFileSync(fleet, awardsText({ first: 0, stride: 1, count: 9 }, stayed, 1, 2));
    const { differences, pending } = reconcile({ ledgers: [filled.directory], fleetFiles: [fleet] });
    assert.deepEqual([differences.length, pending], isDifference ? [1, 0] : [0, 1], `${afterMs}`);
  }
});

Deno.test("of very many differences the first thousand are told, and all are counted", () => {
  using filled = new Filled();
  filled.enter(EntryKind.mint, 5, { packetId: 1, count: 1, sponsor: 7 });
  filled.close();
  const fleet = `${filled.directory}/fleet.csv`;
  const lines = Array.from({ length: 1_500 }, (_, i) => `${i},${10 + i},5,shake,1\n`);
  Deno.writeTextFileSync(fleet, awardsText({ first: 0, stride: 1, count: 2_000 }, lines.join(""), 1, 2));
  const result = reconcile({ ledgers: [filled.directory], fleetFiles: [fleet] });
  assert.deepEqual([result.differenceCount, result.differences.length, result.isClean], [
    1_500,
    1_000,
    false,
  ]);
  assert.equal(result.differences[999], "packet 1009: user 999 saw it, and no ledger has it");
});
