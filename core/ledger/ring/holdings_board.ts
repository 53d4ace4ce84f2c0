import { ENTRY_WORDS } from "../record/entry.ts";
import { MOST_PASS_AWARDS, PASS_AWARD_WORDS } from "../record/pass_words.ts";

/** How many awards, then the words of each. */
const HOLDING_WORDS = 1 + MOST_PASS_AWARDS * PASS_AWARD_WORDS;

/** Bytes of shared memory beside a ring of so many entries. */
export function holdingsBytes(capacity: number): number {
  return capacity * HOLDING_WORDS * 4;
}

/**
 * What users have won, beside the entries of a ring: the ledger thread writes it with a verdict, and the producer reads it
 * with that verdict, so that a winner's pass needs no question.
 */
export class HoldingsBoard {
  readonly words: Uint32Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Uint32Array(memory);
  }

  /** Where the words belonging to the entry at `entryAt` of the ring begin: their number first. */
  placeOf(entryAt: number): number {
    return (entryAt / ENTRY_WORDS) * HOLDING_WORDS;
  }
}
