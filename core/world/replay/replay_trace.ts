const FIRST_LOW = 0x811c_9dc5;
const FIRST_HIGH = 0x0100_0193;

/**
 * A hash of everything that the users of a host were told, in its order: 64 bits that are the same in every run with the
 * same seed. It finds differences; it keeps nobody from making one.
 */
export class ReplayTrace {
  /** Low and high word; in an array, since a field of 32 bits would be kept as a fraction. */
  readonly #words = Int32Array.of(FIRST_LOW, FIRST_HIGH);

  mix(word: number): void {
    const words = this.#words;
    const mixed = Math.imul(words[0] ^ word, 0x9e37_79b1);
    const low = mixed ^ (mixed >>> 15);
    words[0] = low;
    words[1] = Math.imul(words[1], 0x85eb_ca6b) + low;
  }

  /** The hash as two words. */
  get words(): readonly [low: number, high: number] {
    return [this.#words[0] >>> 0, this.#words[1] >>> 0];
  }

  get text(): string {
    return this.words.toReversed().map((word) => word.toString(16).padStart(8, "0")).join("");
  }
}
