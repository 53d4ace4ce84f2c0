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
import { emptyJudgement } from "../../core/ledger/record/judgement.ts";
import type { Ledger } from "../../core/ledger/record/ledger.ts";
import type { Entry } from "./ledger_model.ts";

/** A ledger under test. */
export interface OpenedLedger {
  readonly ledger: Ledger;
  /** Closes the ledger and opens it again on what it had made durable. Absent for one that forgets everything. */
  reopen?(): Ledger;
  /** Closes the ledger that is open now and removes what it stored. */
  dispose(): void;
}

export const MAX_ID = 0xffff_ffff;

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

export function mint(packetId: number, count: number, amountFen: number, sponsor = 0): Entry {
  return { kind: EntryKind.mint, packetId, count, amountFen, user: 0, sponsor };
}

export function award(packetId: number, user: number, amountFen: number, sponsor = 0): Entry {
  return { kind: EntryKind.award, packetId, user, amountFen, count: 0, sponsor };
}

export function heldAward(packetId: number, user: number, amountFen: number, sponsor = 0): Entry {
  return { ...award(packetId, user, amountFen, sponsor), count: HELD };
}

/** The ledger knows the amount, so whoever opens needn't. */
export function openOf(packetId: number, user: number): Entry {
  return { kind: EntryKind.open, packetId, user, amountFen: 0, count: 0 };
}

export function lapse(packetId: number, user: number, amountFen: number, sponsor = 0): Entry {
  return { kind: EntryKind.lapse, packetId, user, amountFen, count: 0, sponsor };
}

export function giveBack(belowId: number, amountFen: number, sponsor = 0): Entry {
  return { kind: EntryKind.giveBack, packetId: belowId, user: 0, amountFen, count: 0, sponsor };
}

export function delivered(packetId: number, user: number): Entry {
  return { kind: EntryKind.delivered, packetId, user, amountFen: 0, count: 0 };
}

export const refused = (detail: number) => [Verdict.refused, detail];

export const DONE = [Verdict.done, Refusal.none];
export const DONE_BEFORE = [Verdict.doneBefore, Refusal.none];
