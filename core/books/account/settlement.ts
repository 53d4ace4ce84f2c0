import type { AwardState } from "./award_state.ts";

/** What one call of settlement came to. */
export interface Settled {
  /** Openings that left the queue. */
  readonly openings: number;
  /** By state: how many awards came into it. */
  readonly states: ReadonlyMap<AwardState, number>;
  /** Packets that had been judged before: two ledgers have them. Nothing is paid for these. */
  readonly again: number;
}

/** Judges what was opened. Proven by `test/books/settlement_cases.ts`. */
export interface Settlement {
  /**
   * Judges openings of a part, the earliest first, in one transaction.
   *
   * @param beforeS only those of earlier seconds
   * @param most so many at most
   * @returns undefined if another settler has this part just now
   */
  settle(part: number, beforeS: number, most: number): Promise<Settled | undefined>;
}
