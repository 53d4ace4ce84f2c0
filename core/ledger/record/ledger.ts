import { PAYLOAD_WORDS, Refusal, Verdict } from "./entry.ts";
import type { OrderState } from "./order_state.ts";

/** What the ledger says of one entry. */
export interface Judgement {
  verdict: Verdict;
  /** One of `Refusal`. */
  detail: number;
  /**
   * The packet of a send, the number of an order. Of an `open`: amount in fen and sponsor. Answer to `pendingOf`: the packet with both; id 0 if
   * there is none (more).
   */
  packetId: number;
  amountFen: number;
  sponsor: number;
  /** Answer to `pendingOf`: `HELD` if the user hasn't opened it. */
  count: number;
  /** What is stored beside the row of an entry that was done, if anything. */
  body: Uint32Array | undefined;
  /** The entry has ended its sent packet: all shares are claimed, or the rest went back. */
  hasEnded: boolean;
  /** Answer to a question about sends. */
  readonly reply: Int32Array;
}

/** A judgement to be filled in, again and again. */
export function emptyJudgement(): Judgement {
  return {
    verdict: 0,
    detail: 0,
    packetId: 0,
    amountFen: 0,
    sponsor: 0,
    count: 0,
    body: undefined,
    hasEnded: false,
    reply: new Int32Array(PAYLOAD_WORDS),
  };
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

/** Every account's balance in fen. The sum of all is 0 at any moment: `source` is what was put in, negative. */
export interface Balances {
  sourceFen: number;
  poolFen: number;
  /** Awarded to users who haven't opened them. */
  heldFen: number;
  userFen: number;
  returnedFen: number;
  /** In packets that users sent: shares that nobody has claimed. */
  packetFen: number;
}

export function emptyBalances(): Balances {
  return { sourceFen: 0, poolFen: 0, heldFen: 0, userFen: 0, returnedFen: 0, packetFen: 0 };
}

/** Most packets that a user may have, in all and of one sponsor; `Infinity` for no limit. */
export interface LedgerLimits {
  readonly packetsPerUser: number;
  readonly packetsPerSponsor: number;
}

/** Everybody may have everything. */
export const NO_LIMITS: LedgerLimits = { packetsPerUser: Infinity, packetsPerSponsor: Infinity };

/** Who has a packet. */
export interface AwardRecord {
  readonly user: number;
  readonly amountFen: number;
}

/**
 * The one judge of awards. It lives on a thread of its own and may block. Every step is keyed: judging the same entry
 * twice changes nothing. Proven by `test/ledger/ledger_conformance.ts`.
 */
export interface Ledger {
  /** The first packet id that no mint has used. */
  readonly nextPacketId: number;
  /**
   * Judges the entry at `words[at]` and stages what it changes. The verdict may be told to nobody before `commit`.
   *
   * @param judgement filled in, so that nothing is allocated for an entry
   */
  judge(words: Int32Array, at: number, judgement: Judgement): void;
  /**
   * Makes everything that was staged durable.
   *
   * @returns false if nobody knows whether it is: tell nobody anything, judge nothing, and call `commit` again later,
   * which repeats the same batch by its keys
   */
  commit(): boolean;
  /** Why the last commit failed; undefined while all is well. */
  readonly failure: string | undefined;
  /** Sums of the committed accounts, in fen. */
  balances(): Balances;
  /** Awards that wait for their users to open them. */
  readonly unopened: number;
  /** Every order and how far it came, oldest first; for a start. */
  orders(): OrderState[];
  /** Who has a packet and how much is in it, or undefined. */
  awardOf(packetId: number): AwardRecord | undefined;
  close(): void;
}
