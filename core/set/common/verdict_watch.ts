import { ENTRY_WORDS } from "../../ledger/record/entry.ts";
import type { LedgerRing } from "../../ledger/ring/ledger_ring.ts";

/**
 * How long each open entry of a worker's ring has waited for its verdict. Entries are answered in order, so it looks at
 * the oldest that isn't late yet, and at no other.
 */
export class VerdictWatch {
  readonly #ring: LedgerRing;
  readonly #limitMs: number;
  /** By place in the ring. */
  readonly #proposedMs: Float64Array;
  readonly #isLate: Uint8Array;
  /** Number of the first entry that isn't known to be late. */
  #next = 0;

  constructor(ring: LedgerRing, limitMs: number) {
    this.#ring = ring;
    this.#limitMs = limitMs;
    this.#proposedMs = new Float64Array(ring.capacity);
    this.#isLate = new Uint8Array(ring.capacity);
  }

  /** An entry was written at `words[at]`. */
  proposed(at: number, nowMs: number): void {
    this.#proposedMs[at / ENTRY_WORDS] = nowMs;
    this.#isLate[at / ENTRY_WORDS] = 0;
  }

  waitedMs(at: number, nowMs: number): number {
    return nowMs - this.#proposedMs[at / ENTRY_WORDS];
  }

  /** Whether whoever waited for this entry was told that it takes too long. */
  isLate(at: number): boolean {
    return this.#isLate[at / ENTRY_WORDS] === 1;
  }

  /** When the next entry will be late, `Infinity` if none is open. */
  nextDueMs(): number {
    this.#skipAnswered();
    if (this.#next === this.#ring.newest) return Infinity;
    return this.#proposedMs[this.#ring.placeOf(this.#next)] + this.#limitMs;
  }

  /** Hands over each entry that has become late, once. */
  findLate(nowMs: number, tell: (words: Int32Array, at: number) => void): void {
    while (this.nextDueMs() <= nowMs) {
      const place = this.#ring.placeOf(this.#next);
      this.#isLate[place] = 1;
      this.#next = (this.#next + 1) | 0;
      tell(this.#ring.words, place * ENTRY_WORDS);
    }
  }

  #skipAnswered(): void {
    const { oldest } = this.#ring;
    if (((oldest - this.#next) | 0) > 0) this.#next = oldest;
  }
}
