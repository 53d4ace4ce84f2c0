import { assert } from "../../base/assert.ts";

/**
 * Numbers below a capacity: which are free. The one that was freed last is used first, since its columns are still in
 * the processor's cache; then the lowest that was never used, so that memory is touched only as far as it is needed.
 */
export class Numbers {
  readonly capacity: number;
  /** Numbers that were used and are free again, the last freed last; it grows with the most that ever were. */
  #freed = new Int32Array(16);
  readonly #isUsed: Uint8Array;
  #freedCount = 0;
  /** Numbers from here on were never used. */
  #fresh = 0;

  constructor(capacity: number) {
    assert(capacity > 0, "there is room for a connection");
    this.capacity = capacity;
    this.#isUsed = new Uint8Array(capacity);
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
    const number = this.#freedCount > 0 ? this.#freed[--this.#freedCount] : this.#fresh++;
    this.#isUsed[number] = 1;
    return number;
  }

  giveBack(number: number): void {
    assert(this.#isUsed[number] === 1, "a number is freed once");
    this.#isUsed[number] = 0;
    if (this.#freedCount === this.#freed.length) this.#growFreed();
    this.#freed[this.#freedCount++] = number;
  }

  isUsed(number: number): boolean {
    return this.#isUsed[number] === 1;
  }

  #growFreed(): void {
    const larger = new Int32Array(Math.min(this.capacity, this.#freed.length * 2));
    larger.set(this.#freed);
    this.#freed = larger;
  }
}

/** The numbers of an engine's connections, and how often each was freed: its generation. */
export class Slots extends Numbers {
  readonly generation: Int32Array;

  constructor(capacity: number) {
    super(capacity);
    this.generation = new Int32Array(capacity);
  }

  /**
   * Gives a number back; the next user of it has another generation. With {@linkcode giveBack} it stays: for a number
   * that nobody was told of.
   */
  release(slot: number): void {
    this.giveBack(slot);
    this.generation[slot] = (this.generation[slot] + 1) | 0;
  }
}
