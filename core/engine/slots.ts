import { assert } from "../assert.ts";

/**
 * The numbers of an engine's connections: which are free, and how often each was freed (its generation). The number
 * that was freed last is used first, since its columns are still in the processor's cache; then the lowest that was
 * never used, so that memory is touched only as far as it is needed.
 */
export class Slots {
  readonly capacity: number;
  readonly generation: Int32Array;
  /** Numbers that were used and are free again, the last freed last. */
  readonly #freed: Int32Array;
  readonly #isUsed: Uint8Array;
  #freedCount = 0;
  /** Numbers from here on were never used. */
  #fresh = 0;

  constructor(capacity: number) {
    assert(capacity > 0, "an engine has room for a connection");
    this.capacity = capacity;
    this.generation = new Int32Array(capacity);
    this.#isUsed = new Uint8Array(capacity);
    this.#freed = new Int32Array(capacity);
  }

  get used(): number {
    return this.#fresh - this.#freedCount;
  }

  get free(): number {
    return this.capacity - this.used;
  }

  /** A free number, or -1. */
  take(): number {
    if (this.#freedCount === 0 && this.#fresh === this.capacity) return -1;
    const slot = this.#freedCount > 0 ? this.#freed[--this.#freedCount] : this.#fresh++;
    this.#isUsed[slot] = 1;
    return slot;
  }

  /** Gives a number back; the next user of it has another generation. */
  release(slot: number): void {
    this.giveBack(slot);
    this.generation[slot] = (this.generation[slot] + 1) | 0;
  }

  /** Gives a number back that nobody was told of: its generation stays. */
  giveBack(slot: number): void {
    assert(this.#isUsed[slot] === 1, "a slot is freed once");
    this.#isUsed[slot] = 0;
    this.#freed[this.#freedCount++] = slot;
  }

  isUsed(slot: number): boolean {
    return this.#isUsed[slot] === 1;
  }
}
