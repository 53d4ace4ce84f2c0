import { Random } from "../../base/random.ts";
import type { Clock } from "../../base/clock.ts";

/** Larger than the caches of a core, and of the size of what a server with 100,000 connections walks through. */
const BYTES = 64 << 20;
/** A line of the cache: each step of the walk reads another one. */
const LINE_BYTES = 64;
const PARTS = 500;
const STEPS = 2_000;
/** The same walk on every machine. */
const SEED = 1;

/**
 * How long a random read of memory takes, in ns: a walk of a million steps over one cycle through all cache lines of
 * 64 MB, where each line holds the place of the next, so that no step can begin before the one before has ended. It is the
 * median of 500 parts of the walk, each shorter than a turn of the scheduler: one in which somebody else had the core says
 * nothing of memory. About 100 on a machine of one's own, up to 200 on a virtual one. Takes about a third of a second.
 */
export function measureMemoryNs(clock: Clock): number {
  const stride = LINE_BYTES / Int32Array.BYTES_PER_ELEMENT;
  const lines = BYTES / LINE_BYTES;
  const places = new Int32Array(BYTES / Int32Array.BYTES_PER_ELEMENT);
  // Sattolo's shuffle: one cycle through everything. A plain one may close a short cycle that fits a cache.
  const order = Int32Array.from({ length: lines }, (_, i) => i);
  const random = new Random(SEED);
  for (let i = lines - 1; i > 0; i--) {
    const j = random.below(i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  for (let i = 0; i < lines; i++) places[order[i] * stride] = order[(i + 1) % lines] * stride;
  // Once round a part of it first: the code is compiled then, and the pages are there.
  let at = walk(places, 0, 50 * STEPS);
  const spentMs = Float64Array.from({ length: PARTS }, () => {
    const startMs = clock.monotonicMs();
    at = walk(places, at, STEPS);
    return clock.monotonicMs() - startMs;
  }).sort();
  // The end is looked at, so that the walk can't be left out as useless.
  return at < 0 ? NaN : spentMs[PARTS / 2] * 1e6 / STEPS;
}

function walk(places: Int32Array, from: number, steps: number): number {
  let at = from;
  for (let i = 0; i < steps; i++) at = places[at];
  return at;
}
