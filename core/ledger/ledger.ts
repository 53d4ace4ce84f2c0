import type { Verdict } from "./entry.ts";

/** What the ledger says of one entry. */
export interface Judgement {
  verdict: Verdict;
  /** One of `Refusal`. */
  detail: number;
}

/** Every account's balance in fen. The sum of all is 0 at any moment: `source` is what was put in, negative. */
export interface Balances {
  sourceFen: number;
  poolFen: number;
  userFen: number;
}

/**
 * The one judge of awards. It lives on a thread of its own and may block. Every step is keyed: judging the same entry
 * twice changes nothing. Proven by `test/ledger_conformance.ts`.
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
  /** Makes everything that was staged durable. */
  commit(): void;
  /** Sums of the committed accounts, in fen. */
  balances(): Balances;
  /** Who has a packet and how much is in it, or undefined. */
  awardOf(packetId: number): { user: number; amountFen: number } | undefined;
  close(): void;
}
