import { assert } from "../../base/assert.ts";
import { ENTRY_WORDS, EntryWord, Verdict } from "../record/entry.ts";

const PROPOSED = 0;
const ANSWERED = 1;
const HEADER_WORDS = 2;

/** Bytes of shared memory for a ring of so many entries. */
export function ledgerRingBytes(capacity: number): number {
  return (HEADER_WORDS + capacity * ENTRY_WORDS) * 4;
}

/**
 * The way to the ledger and back: a ring with one producer (a worker's loop, or the main thread) and one consumer (the
 * ledger thread). An entry goes through three hands in order: proposed, answered in place, and read by the producer,
 * which frees it. So a full ring means that the ledger is behind, and costs no packet.
 */
export class LedgerRing {
  readonly words: Int32Array;
  readonly capacity: number;
  readonly #head: Int32Array;
  readonly #mask: number;
  /** Producer's own: entries written, published and freed. Consumer's own: entries judged. All count up for ever. */
  #written = 0;
  #published = 0;
  #freed = 0;
  #judged = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#head = new Int32Array(memory, 0, HEADER_WORDS);
    this.words = new Int32Array(memory, HEADER_WORDS * 4);
    this.capacity = this.words.length / ENTRY_WORDS;
    this.#mask = this.capacity - 1;
    assert(
      this.capacity >= 1 && (this.capacity & this.#mask) === 0 && Number.isInteger(this.capacity),
      "a ring's capacity is a power of two",
    );
  }

  /** Producer: whether one more entry has a place. Ask before drawing a packet. */
  get hasRoom(): boolean {
    return ((this.#written - this.#freed) | 0) < this.capacity;
  }

  /** Producer: entries whose verdict was not read yet. */
  get open(): number {
    return (this.#written - this.#freed) | 0;
  }

  /** Producer: the number of the oldest open entry, and of the next one. Numbers count up and wrap at 32 bits. */
  get oldest(): number {
    return this.#freed;
  }

  get newest(): number {
    return this.#written;
  }

  /** The place of an entry by its number, 0 to `capacity` - 1; its words begin at 16 times that. */
  placeOf(number: number): number {
    return number & this.#mask;
  }

  /** Producer: takes the next place and returns where its words begin in `words`. Fill them, then `publish`. */
  next(): number {
    assert(this.hasRoom, "a place is asked for before it is taken");
    const at = (this.#written & this.#mask) * ENTRY_WORDS;
    this.#written = (this.#written + 1) | 0;
    this.words[at + EntryWord.verdict] = Verdict.pending;
    return at;
  }

  /** Producer: shows everything written to the ledger thread. True if there was anything; wake that thread then. */
  publish(): boolean {
    if (this.#published === this.#written) return false;
    this.#published = this.#written;
    Atomics.store(this.#head, PROPOSED, this.#written);
    return true;
  }

  /** Producer: verdicts that weren't read yet. */
  get verdicts(): number {
    return (Atomics.load(this.#head, ANSWERED) - this.#freed) | 0;
  }

  /** Producer: hands answered entries to `read`, oldest first, and frees each afterwards. Returns how many. */
  drain(read: (words: Int32Array, at: number) => void, most = Infinity): number {
    const answered = Atomics.load(this.#head, ANSWERED);
    let count = 0;
    while (this.#freed !== answered && count < most) {
      read(this.words, (this.#freed & this.#mask) * ENTRY_WORDS);
      this.#freed = (this.#freed + 1) | 0;
      count++;
    }
    return count;
  }

  /** Consumer: hands each new entry to `judge`, which writes the verdict into it. Returns how many. */
  judge(judge: (words: Int32Array, at: number) => void, most: number): number {
    const proposed = Atomics.load(this.#head, PROPOSED);
    let count = 0;
    while (this.#judged !== proposed && count < most) {
      judge(this.words, (this.#judged & this.#mask) * ENTRY_WORDS);
      this.#judged = (this.#judged + 1) | 0;
      count++;
    }
    return count;
  }

  /** Consumer, after the commit: shows all verdicts to the producer. True if there were any; wake the producer then. */
  answer(): boolean {
    if (Atomics.load(this.#head, ANSWERED) === this.#judged) return false;
    Atomics.store(this.#head, ANSWERED, this.#judged);
    return true;
  }
}
