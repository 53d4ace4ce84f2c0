import { entryAmountFen, EntryWord, PAYLOAD_WORDS, Refusal, Verdict } from "./entry.ts";
import { RowField } from "./entry_rows.ts";

/**
 * An entry while it is judged: what it says, and what the ledger says of it. Whoever judges it completes what only they
 * know, such as the number of a new order. Once it is done it is the row to be stored.
 */
export interface Judgement {
  /** One of `EntryKind`. What the other numbers mean depends on it. */
  kind: number;
  packetId: number;
  user: number;
  amountFen: number;
  sponsor: number;
  count: number;
  tag: number;
  asked: number;
  askedFrom: number;
  /** Words in front of the entry, or beside its row; once it is done those that are stored. */
  body: Uint32Array | undefined;
  /** It is a row of the ledger, and was judged before. */
  isStored: boolean;
  verdict: Verdict;
  /** One of `Refusal`. */
  detail: number;
  /** The entry has ended its sent packet: all shares are claimed, or the rest went back. */
  hasEnded: boolean;
  /** The words of an answer. */
  readonly reply: Int32Array;
}

/** A judgement to be filled in, again and again. */
export function emptyJudgement(): Judgement {
  return {
    kind: 0,
    packetId: 0,
    user: 0,
    amountFen: 0,
    sponsor: 0,
    count: 0,
    tag: 0,
    asked: 0,
    askedFrom: 0,
    body: undefined,
    isStored: false,
    verdict: Verdict.pending,
    detail: Refusal.none,
    hasEnded: false,
    reply: new Int32Array(PAYLOAD_WORDS),
  };
}

/** Takes over what an entry of a ring says. */
export function readEntry(words: Int32Array, at: number, judgement: Judgement): void {
  judgement.kind = words[at + EntryWord.kind];
  judgement.packetId = words[at + EntryWord.packetId] >>> 0;
  judgement.user = words[at + EntryWord.user] >>> 0;
  judgement.amountFen = entryAmountFen(words, at);
  judgement.sponsor = words[at + EntryWord.sponsor];
  judgement.count = words[at + EntryWord.count];
  judgement.tag = words[at + EntryWord.tag] >>> 0;
  judgement.asked = words[at + EntryWord.asked] >>> 0;
  judgement.askedFrom = words[at + EntryWord.askedFrom] >>> 0;
  judgement.body = undefined;
  judgement.isStored = false;
  judgement.hasEnded = false;
}

/** Takes over what a stored row says. */
export function readRow(
  values: Float64Array,
  at: number,
  body: Uint32Array | undefined,
  judgement: Judgement,
): void {
  judgement.kind = values[at + RowField.kind];
  judgement.packetId = values[at + RowField.packetId];
  judgement.user = values[at + RowField.user];
  judgement.amountFen = values[at + RowField.amount];
  judgement.sponsor = values[at + RowField.sponsor];
  judgement.count = values[at + RowField.count];
  judgement.tag = 0;
  judgement.asked = 0;
  judgement.askedFrom = 0;
  judgement.body = body;
  judgement.isStored = true;
  judgement.hasEnded = false;
}

/** An entry is done, now or before. */
export function say(judgement: Judgement, verdict: Verdict): void {
  judgement.verdict = verdict;
  judgement.detail = Refusal.none;
}

/** @param detail one of `Refusal` */
export function refuse(judgement: Judgement, detail: number): void {
  judgement.verdict = Verdict.refused;
  judgement.detail = detail;
}
