import type { Random } from "../../../core/plugin/plugin.ts";

/** An order to make packets, with all that decides what they are. */
export interface PacketPlan {
  /** Packets a second. */
  readonly ratePerS: number;
  /** How many in all. */
  readonly total: number;
  /** Bounds of the amount of each, in fen. */
  readonly minFen: number;
  readonly maxFen: number;
  /** How many sponsors they are spread over at random. */
  readonly sponsors: number;
  /** Packets of a batch, the last one perhaps excepted. */
  readonly batch: number;
  /** Of all draws, 32 bits. */
  readonly seed: number;
}

/** Packets of one sponsor that belong together: a row in the ledger. */
export interface Batch {
  readonly amountsFen: Uint32Array;
  readonly sumFen: number;
  readonly sponsor: number;
}

/**
 * Each batch is a row in the ledger, and has one sponsor: many make a good mixture, few a small ledger. At most so many
 * a second, with at least so many packets, but never more than come in half a second.
 */
const MAX_BATCHES_PER_S = 100;
const MIN_BATCH = 10;
const MAX_PER_BATCH = 10_000;

/** How many packets come together at a rate. */
export function batchFor(ratePerS: number): number {
  const batch = Math.max(MIN_BATCH, Math.ceil(ratePerS / MAX_BATCHES_PER_S));
  return Math.min(batch, Math.ceil(ratePerS / 2), MAX_PER_BATCH);
}

/** How many packets a part of an order has, counted from 0; 0 past its end. */
export function batchCount({ total, batch }: PacketPlan, part: number): number {
  return Math.max(0, Math.min(batch, total - part * batch));
}

/** Draws a part of an order, whenever and however often it is asked for: always the same. */
export function drawBatch(plan: PacketPlan, part: number, random: Random): Batch {
  const sponsor = 1 + random.below(plan.sponsors);
  const amountsFen = new Uint32Array(batchCount(plan, part));
  let sumFen = 0;
  for (let i = 0; i < amountsFen.length; i++) {
    sumFen += amountsFen[i] = random.between(plan.minFen, plan.maxFen);
  }
  return { amountsFen, sumFen, sponsor };
}
