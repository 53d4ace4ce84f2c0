import { z } from "zod";
import { greatestDivisor } from "./split.ts";

/** Records hold an amount in 32 bits: up to 42,949,672.95 yuan. */
export const MOST_AMOUNT_FEN = 0xffff_ffff;
const amountFen = z.int().min(1).max(MOST_AMOUNT_FEN);

/** What amounts a sponsor's tickets have. */
export const amountsSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("fixed"), amountFen }),
  z.strictObject({ kind: z.literal("uniform"), minFen: amountFen, maxFen: amountFen }),
  z.strictObject({
    kind: z.literal("list"),
    amounts: z.array(z.strictObject({ amountFen, weight: z.number().min(0.001).max(1e6) })).min(1).max(256),
  }),
]);

export type AmountsSpec = z.infer<typeof amountsSchema>;

/** How many tickets a budget makes; of a list also how many of each amount. */
export interface TicketCount {
  readonly count: number;
  readonly ofEach?: readonly number[];
}

/** Sums up to this are looked at when a list's amounts must come to a budget to the fen. */
const MOST_SEARCHED_FEN = 1 << 22;

/**
 * How many tickets come to a budget exactly.
 *
 * @returns a text that says why none do
 */
export function countTickets(spec: AmountsSpec, budgetFen: number): TicketCount | string {
  switch (spec.kind) {
    case "fixed":
      return budgetFen % spec.amountFen === 0
        ? { count: budgetFen / spec.amountFen }
        : `${budgetFen} fen are no multiple of ${spec.amountFen} fen: ${
          budgetFen % spec.amountFen
        } fen are left over`;
    case "uniform":
      return countUniform(spec.minFen, spec.maxFen, budgetFen);
    case "list":
      return countList(spec.amounts, budgetFen);
  }
}

function countUniform(minFen: number, maxFen: number, budgetFen: number): TicketCount | string {
  if (minFen > maxFen) return `maxFen ${maxFen} is below minFen ${minFen}`;
  const least = Math.ceil(budgetFen / maxFen);
  const most = Math.floor(budgetFen / minFen);
  if (least > most) return `no number of amounts from ${minFen} to ${maxFen} fen comes to ${budgetFen} fen`;
  return { count: Math.min(most, Math.max(least, Math.round(budgetFen * 2 / (minFen + maxFen)))) };
}

/** Counts in proportion to the weights, then whatever amounts fill the rest to the fen. */
function countList(
  amounts: Extract<AmountsSpec, { kind: "list" }>["amounts"],
  budgetFen: number,
): TicketCount | string {
  const values = amounts.map(({ amountFen }) => amountFen);
  const unit = values.reduce(greatestDivisor, 0);
  if (budgetFen % unit !== 0) return `${budgetFen} fen can't be made of multiples of ${unit} fen`;
  const weight = amounts.reduce((sum, { weight }) => sum + weight, 0);
  const meanFen = amounts.reduce((sum, { amountFen, weight }) => sum + amountFen * weight, 0) / weight;
  const ofEach = amounts.map((one) => Math.floor(budgetFen / meanFen * one.weight / weight));
  let restFen = budgetFen - ofEach.reduce((sum, count, i) => sum + count * values[i], 0);
  if (restFen < 0) return `${budgetFen} fen are too many for exact arithmetic`;
  const downwards = values.map((_, i) => i).sort((a, b) => values[b] - values[a]);
  for (;;) {
    const extra = fill(values, restFen, unit);
    if (extra !== undefined) {
      extra.forEach((count, i) => ofEach[i] += count);
      return { count: ofEach.reduce((sum, count) => sum + count, 0), ofEach };
    }
    const largest = downwards.find((i) => ofEach[i] > 0);
    if (largest === undefined || restFen + values[largest] > MOST_SEARCHED_FEN * unit) {
      return `no mix of these amounts comes to ${budgetFen} fen exactly: add an amount of ${unit} fen`;
    }
    ofEach[largest]--;
    restFen += values[largest];
  }
}

/** How many of each value come to a sum, with few of them; undefined if none do or the sum is too large to search. */
function fill(values: readonly number[], sumFen: number, unit: number): number[] | undefined {
  const counts = values.map(() => 0);
  const order = values.map((_, i) => i).sort((a, b) => values[b] - values[a]);
  let rest = sumFen;
  for (const i of order) {
    counts[i] = Math.floor(rest / values[i]);
    rest -= counts[i] * values[i];
  }
  if (rest === 0) return counts;
  const size = sumFen / unit;
  if (size > MOST_SEARCHED_FEN) return undefined;
  /** By sum: one more than the index of the last value on a way there; 0 if there is none. */
  const last = new Uint16Array(size + 1);
  for (let sum = 1; sum <= size; sum++) {
    for (let i = 0; i < values.length && last[sum] === 0; i++) {
      const before = sum - values[i] / unit;
      if (before === 0 || (before > 0 && last[before] !== 0)) last[sum] = i + 1;
    }
  }
  if (size > 0 && last[size] === 0) return undefined;
  counts.fill(0);
  for (let sum = size; sum > 0; sum -= values[last[sum] - 1] / unit) counts[last[sum] - 1]++;
  return counts;
}
