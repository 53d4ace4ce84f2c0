import { assert } from "../../base/assert.ts";
import type { Random } from "../../base/random.ts";
import type { AmountsSpec } from "../plan/amounts.ts";
import { mulDiv } from "../plan/split.ts";
import { Urn } from "./urn.ts";

/** Amounts that are drawn together. */
const BATCH = 1024;

/** The amounts of a group of tickets, one after the other, without holding them. They come to its sum exactly. */
export interface AmountDraw {
  next(random: Random): number;
}

/**
 * @param ofEach of a list: how many tickets of each amount the group has
 * @param count tickets of the group
 * @param sumFen what they come to
 */
export function amountDraw(
  spec: AmountsSpec,
  ofEach: readonly number[] | undefined,
  count: number,
  sumFen: number,
): AmountDraw {
  switch (spec.kind) {
    case "fixed":
      return { next: () => spec.amountFen };
    case "uniform":
      return new UniformDraw(spec.minFen, spec.maxFen, count, sumFen);
    case "list": {
      const urn = new Urn(ofEach!);
      return { next: (random) => spec.amounts[urn.draw(random)].amountFen };
    }
  }
}

/**
 * Uniform amounts with an exact sum. In each batch half are drawn and half mirror them about the middle, which keeps both
 * the distribution and the sum; the few fen that are still missing are spread, and the batch is shuffled.
 */
class UniformDraw implements AmountDraw {
  readonly #minFen: number;
  readonly #maxFen: number;
  readonly #count: number;
  readonly #sumFen: number;
  readonly #batch: Float64Array;
  #size = 0;
  #at = 0;
  #drawn = 0;

  constructor(minFen: number, maxFen: number, count: number, sumFen: number) {
    assert(minFen * count <= sumFen && sumFen <= maxFen * count, "the sum is within reach of the bounds");
    this.#minFen = minFen;
    this.#maxFen = maxFen;
    this.#count = count;
    this.#sumFen = sumFen;
    this.#batch = new Float64Array(Math.min(BATCH, count));
  }

  next(random: Random): number {
    if (this.#at === this.#size) this.#refill(random);
    return this.#batch[this.#at++];
  }

  #refill(random: Random): void {
    const batch = this.#batch;
    const size = Math.min(batch.length, this.#count - this.#drawn);
    assert(size > 0, "no more amounts are drawn than the group has tickets");
    let missing = this.#sumUpTo(this.#drawn + size) - this.#sumUpTo(this.#drawn);
    const twiceMiddle = this.#minFen + this.#maxFen;
    for (let i = 0; i < size; i++) {
      const isAlone = i === size - 1 && i % 2 === 0;
      batch[i] = isAlone
        ? Math.floor(twiceMiddle / 2)
        : i % 2 === 0
        ? random.between(this.#minFen, this.#maxFen)
        : twiceMiddle - batch[i - 1];
      missing -= batch[i];
    }
    this.#spread(missing, size);
    for (let i = size - 1; i > 0; i--) {
      const j = random.below(i + 1);
      const amount = batch[i];
      batch[i] = batch[j];
      batch[j] = amount;
    }
    this.#drawn += size;
    this.#size = size;
    this.#at = 0;
  }

  /** Adds `missing` fen, or takes them away, a little from each and within the bounds. */
  #spread(missing: number, size: number): void {
    const batch = this.#batch;
    while (missing !== 0) {
      const each = Math.ceil(Math.abs(missing) / size);
      for (let i = 0; i < size && missing !== 0; i++) {
        const room = missing > 0 ? this.#maxFen - batch[i] : batch[i] - this.#minFen;
        const step = Math.min(each, room, Math.abs(missing));
        batch[i] += missing > 0 ? step : -step;
        missing -= missing > 0 ? step : -step;
      }
    }
  }

  /** What the first tickets come to: in proportion, so that the last ones aren't left with what nobody wanted. */
  #sumUpTo(drawn: number): number {
    return mulDiv(this.#sumFen, drawn, this.#count);
  }
}
