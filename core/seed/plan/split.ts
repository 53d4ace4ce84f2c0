/**
 * Exact splitting of whole numbers: every part is within 1 of its ideal, no part is negative, and the parts come to the
 * whole. Part i is the difference of a running total at its two ends, so that no part depends on the others.
 */

/** The whole part of `a * b / c` without rounding on the way; all are whole, at least 0, and `c` over 0. */
export function mulDiv(a: number, b: number, c: number): number {
  const product = a * b;
  if (product <= Number.MAX_SAFE_INTEGER) return (product - product % c) / c;
  return Number(BigInt(a) * BigInt(b) / BigInt(c));
}

/** Weights with up to three decimals as the smallest whole numbers of the same proportion. */
export function wholeWeights(weights: readonly number[]): number[] {
  const whole = weights.map((weight) => Math.round(weight * 1000));
  const divisor = whole.reduce(greatestDivisor, 0) || 1;
  return whole.map((weight) => weight / divisor);
}

/** The greatest common divisor; of 0 and `b` it is `b`. */
export function greatestDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/** Running totals: element i is the sum of all before it, and the last one the sum of all. */
export function runningTotals(values: readonly number[]): number[] {
  const totals = [0];
  for (const value of values) totals.push(totals[totals.length - 1] + value);
  return totals;
}

/** How much of a whole falls to the weights before a point. */
export class Splitter {
  readonly #weight: number;
  readonly #phase: number;
  readonly #isSmall: boolean;
  readonly #whole: number;

  /**
   * @param weight sum of all weights
   * @param phase 0 to below 1: where in a unit rounding begins, so that not all wholes round up at the same point
   */
  constructor(whole: number, weight: number, phase = 0) {
    this.#whole = whole;
    this.#weight = weight;
    this.#phase = Math.floor(phase * weight);
    this.#isSmall = (whole + 1) * weight <= Number.MAX_SAFE_INTEGER;
  }

  /** The share of all weights that come to `before`: never falls, is 0 at 0 and the whole at the end. */
  upTo(before: number): number {
    const weight = this.#weight;
    const phase = this.#phase;
    if (this.#isSmall) {
      const product = this.#whole * before + phase;
      return (product - product % weight) / weight;
    }
    return Number((BigInt(this.#whole) * BigInt(before) + BigInt(phase)) / BigInt(weight));
  }
}

/** A phase for the i-th of many wholes: the golden ratio spreads any number of them evenly. */
export function phaseOf(index: number): number {
  return index * 0.6180339887498949 % 1;
}
