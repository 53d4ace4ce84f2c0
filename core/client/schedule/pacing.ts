/**
 * When whom: pure arithmetic over unix seconds, the same on every host, so that fleets on many hosts keep one rate
 * together without speaking to each other.
 *
 * Users take their turns by position. The ids 0 to total - 1 are dealt over 13 buckets, and the positions run through
 * one bucket after the other. This is the public prototype's rule, and `burst` reproduces its seconds exactly.
 */

/** `smooth` spreads a second's shakes evenly inside it; `burst` sends them all on the second, as the prototype does. */
export const PACINGS = ["smooth", "burst"] as const;
export type Pacing = typeof PACINGS[number];

/** Over how many buckets ids are dealt. Fleets split into a multiple of it get whole buckets, one after the other. */
export const BUCKETS = 13;

/** Where in the order of turns a user stands: a permutation of 0 to `total` - 1. */
export function positionOf(user: number, total: number): number {
  if (total <= BUCKETS) return user;
  const length = Math.floor(total / BUCKETS);
  const bucket = user % BUCKETS;
  return length * bucket + Math.min(bucket, total % BUCKETS) + Math.floor(user / BUCKETS);
}

/** The user who stands at a position: the inverse of {@linkcode positionOf}. */
export function userAt(position: number, total: number): number {
  if (total <= BUCKETS) return position;
  const length = Math.floor(total / BUCKETS);
  const longBuckets = total % BUCKETS;
  const inLongBuckets = (length + 1) * longBuckets;
  if (position < inLongBuckets) {
    return (position % (length + 1)) * BUCKETS + Math.floor(position / (length + 1));
  }
  const rest = position - inLongBuckets;
  return (rest % length) * BUCKETS + longBuckets + Math.floor(rest / length);
}

/** A rate over a population: which users shake in a second, in what order, and when inside it. */
export class Schedule {
  readonly pacing: Pacing;
  readonly total: number;
  /** Shakes each second, by all hosts together. */
  readonly qps: number;
  /** From one tick's position to the next one's, modulo `total`. */
  readonly positionStep: number;

  /**
   * @param total users on all hosts, 1 to 2^32
   * @param qps shakes a second on all hosts; `burst` has at most one a user, as the prototype
   */
  constructor(pacing: Pacing, total: number, qps: number) {
    this.pacing = pacing;
    this.total = total;
    this.qps = pacing === "burst" ? Math.min(qps, total) : qps;
    // Where the rate divides the users, a second takes every m-th position; elsewhere a window that slides and wraps.
    this.positionStep = this.qps > 0 && total % this.qps === 0 ? total / this.qps : 1;
  }

  /** The position of a second's tick 0. */
  firstPosition(unixSecond: number): number {
    if (this.positionStep > 1) return unixSecond % this.positionStep;
    // The prototype multiplies in 32 bits, and its window jumps where the product wraps. This product is exact.
    return Number((BigInt(unixSecond) * BigInt(this.qps)) % BigInt(this.total));
  }

  /** The user of tick `tick` of a second. */
  userOf(unixSecond: number, tick: number): number {
    return userAt((this.firstPosition(unixSecond) + tick * this.positionStep) % this.total, this.total);
  }

  /** When a tick is due, in unix ms with fractions. */
  dueMs(unixSecond: number, tick: number): number {
    return unixSecond * 1000 + (this.pacing === "burst" ? 0 : tick * 1000 / this.qps);
  }

  /** The first tick of a second that is due at `inSecondMs` or later; `qps` if none is. */
  firstTickFrom(inSecondMs: number): number {
    if (inSecondMs <= 0) return 0;
    if (this.pacing === "burst") return this.qps;
    return Math.min(this.qps, Math.ceil(inSecondMs * this.qps / 1000));
  }
}
