import { assert } from "./assert.ts";

/**
 * The one source of randomness: a seeded generator (sfc32, period about 2^128) that is handed to whoever needs one, so
 * that a run with the same seed makes the same choices. Not for secrets.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 0x1_0000_0000) | 0;
    this.#c = 0x9e3779b9 | 0;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** A generator for the part `index`, up to 2^32, of what a seed of 32 bits draws: no part depends on another. */
  static ofPart(seed: number, index: number): Random {
    const low = (seed + Math.imul(index, 0x9e37_79b1)) >>> 0;
    return new Random((index & 0x1f_ffff) * 0x1_0000_0000 + low);
  }

  /** A whole number in 0 to 2^32 - 1. */
  uint32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** A number in [0, 1). */
  float(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** A whole number in 0 to `bound` - 1, every one as likely. */
  below(bound: number): number {
    assert(Number.isInteger(bound) && bound > 0 && bound <= 0x1_0000_0000, "bound is 1 to 2^32");
    // Reject the incomplete last round, so that no value is favoured.
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    for (;;) {
      const x = this.uint32();
      if (x < limit) return x % bound;
    }
  }

  /** A whole number in `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** An independent generator for a part of the program, so that one part's draws don't shift another's. */
  fork(): Random {
    return new Random(this.forkSeed());
  }

  /** The seed of such a generator, for a part that is made elsewhere. */
  forkSeed(): number {
    return this.uint32() * 0x20_0000 + (this.uint32() >>> 11);
  }
}

/** A seed that differs from run to run; log it, so that the run can be repeated. */
export function systemSeed(): number {
  const words = crypto.getRandomValues(new Uint32Array(2));
  return words[0] * 0x20_0000 + (words[1] >>> 11);
}

/** Bytes that nobody can guess, for a key. */
export function systemBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** A text that nobody can guess, for a token. */
export function systemSecret(): string {
  const bytes = systemBytes(18);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}
