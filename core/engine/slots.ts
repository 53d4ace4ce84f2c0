import { assert } from "../assert.ts";

/**
 * The numbers of an engine's connections: which are free, and how often each was freed (its generation). The number
 * that was freed last is used first, since its columns are still in the processor's cache.
 */
export class Slots {
  readonly capacity: number;
  readonly generation: Int32Array;
  readonly #free: Int32Array;
  readonly #isUsed: Uint8Array;
  #freeCount: number;

  constructor(capacity: number) {
    assert(capacity > 0, "an engine has room for a connection");
    this.capacity = capacity;
    this.generation = new Int32Array(capacity);
    this.#isUsed = new Uint8Array(capacity);
    this.#free = new Int32Array(capacity);
    for (let i = 0; i < capacity; i++) this.#free[i] = capacity - 1 - i;
    this.#freeCount = capacity;
  }

  get used(): number {
    return this.capacity - this.#freeCount;
  }

  get free(): number {
    return this.#freeCount;
  }

  /** A free number, or -1. */
  take(): number {
    if (this.#freeCount === 0) return -1;
    const slot = this.#free[--this.#freeCount];
    this.#isUsed[slot] = 1;
    return slot;
  }

  /** Gives a number back; the next user of it has another generation. */
  release(slot: number): void {
    assert(this.#isUsed[slot] === 1, "a slot is freed once");
    this.#isUsed[slot] = 0;
    this.generation[slot] = (this.generation[slot] + 1) | 0;
    this.#free[this.#freeCount++] = slot;
  }

  isUsed(slot: number): boolean {
    return this.#isUsed[slot] === 1;
  }
}
