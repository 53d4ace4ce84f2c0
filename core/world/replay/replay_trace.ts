const FIRST_LOW = 0x811c_9dc5;
const FIRST_HIGH = 0x0100_0193;

/**
 * A hash of everything that the users of a host were told, in its order: 64 bits that are the same in every run with the
 * same seed. It finds differences; it keeps nobody from making one.
 */
export class ReplayTrace {
  #low = FIRST_LOW;
  #high = FIRST_HIGH;

  mix(word: number): void {
    const low = Math.imul(this.#low ^ word, 0x9e37_79b1);
    this.#low = low ^ (low >>> 15);
    this.#high = (Math.imul(this.#high, 0x85eb_ca6b) + this.#low) | 0;
  }

  /** The hash as two words. */
  get words(): readonly [low: number, high: number] {
    return [this.#low >>> 0, this.#high >>> 0];
  }

  get text(): string {
    return this.words.toReversed().map((word) => word.toString(16).padStart(8, "0")).join("");
  }
}
