import type { Random } from "../base/random.ts";

const FIRST_MS = 250;
const LONGEST_MS = 60_000;

/**
 * How long until a payment is tried or asked about again: twice as long each time, drawn from half to one and a half, so
 * that what failed together doesn't come back together.
 *
 * @param tries how often it was tried, from 1 on
 * @param leastMs what the gateway has asked for
 */
export function retryMs(tries: number, random: Random, leastMs = 0): number {
  const usualMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries - 1, 10));
  const drawn = random.float();
  return Math.max(usualMs * (0.5 + drawn), leastMs * (1 + drawn / 2));
}
