import type { Random } from "../../base/random.ts";

/**
 * Balls of several colours, drawn at random without putting them back: a draw costs the logarithm of the number of
 * colours, however many balls there are.
 */
export class Urn {
  /** Sums of a complete binary tree: node 1 is all, node n the sum of 2n and 2n + 1, the colours are its leaves. */
  readonly #sums: Float64Array;
  readonly #leaves: number;

  /** @param counts balls by colour */
  constructor(counts: ArrayLike<number>) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, counts.length)));
    this.#sums = new Float64Array(2 * this.#leaves);
    for (let i = 0; i < counts.length; i++) this.#sums[this.#leaves + i] = counts[i];
    for (let node = this.#leaves - 1; node > 0; node--) {
      this.#sums[node] = this.#sums[2 * node] + this.#sums[2 * node + 1];
    }
  }

  /** Balls that are left; at most 2^32. */
  get left(): number {
    return this.#sums[1];
  }

  /** Draws a ball and returns its colour; only if there is one. */
  draw(random: Random): number {
    const sums = this.#sums;
    let rest = random.below(sums[1]);
    let node = 1;
    sums[1]--;
    while (node < this.#leaves) {
      node *= 2;
      if (rest >= sums[node]) rest -= sums[node++];
      sums[node]--;
    }
    return node - this.#leaves;
  }
}
