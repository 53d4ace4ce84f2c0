/**
 * Log-linear histogram of whole numbers: exact below 64, then 32 buckets for every power of two, so that a bucket is at
 * most 3.2 % wide. Histograms of the same kind merge by adding their buckets, without error. Buckets live in memory
 * that is given, so that another thread can read them.
 */

const EXACT = 64;
const PER_OCTAVE_BITS = 5;
const PER_OCTAVE = 1 << PER_OCTAVE_BITS;

/** Buckets that cover 0 to 2^32 - 1. */
export const BUCKET_COUNT = EXACT + (32 - 6) * PER_OCTAVE;

/** The bucket of a whole number in 0 to 2^32 - 1. */
export function bucketOf(value: number): number {
  if (value < EXACT) return value;
  const octave = 31 - Math.clz32(value);
  return EXACT + (octave - 6) * PER_OCTAVE + ((value >>> (octave - PER_OCTAVE_BITS)) & (PER_OCTAVE - 1));
}

/** The largest whole number that falls into a bucket. */
export function bucketMax(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const octave = 6 + Math.floor((bucket - EXACT) / PER_OCTAVE);
  const step = (bucket - EXACT) % PER_OCTAVE;
  return (PER_OCTAVE + step + 1) * 2 ** (octave - PER_OCTAVE_BITS) - 1;
}

/** Counts one value, a whole number in 0 to 2^32 - 1; what is outside counts as the nearest end. */
export function record(buckets: Uint32Array | Float64Array, value: number): void {
  const whole = value <= 0 ? 0 : value >= 0xffff_ffff ? 0xffff_ffff : value >>> 0;
  buckets[bucketOf(whole)]++;
}

/** A histogram that travels: the buckets that hold something, as `[bucket, count]`. */
export type SparseHistogram = [bucket: number, count: number][];

/** The buckets in which `buckets` exceeds `before` (all that hold something, without it). */
export function toSparse(buckets: ArrayLike<number>, before?: ArrayLike<number>): SparseHistogram {
  const sparse: SparseHistogram = [];
  for (let i = 0; i < BUCKET_COUNT; i++) {
    // Uint32 counters wrap; the difference of two readings does not.
    const count = (buckets[i] - (before?.[i] ?? 0)) >>> 0;
    if (count !== 0) sparse.push([i, count]);
  }
  return sparse;
}

/** The same as of a `Histogram` that holds only this, at a fraction of its memory; 0 if there is no value. */
export function sparsePercentile(sparse: SparseHistogram, percent: number): number {
  let count = 0;
  for (const [, inBucket] of sparse) count += inBucket;
  const wanted = valuesWanted(count, percent);
  let passed = 0;
  for (const [bucket, inBucket] of sparse) {
    passed += inBucket;
    if (passed >= wanted) return bucketMax(bucket);
  }
  return 0;
}

/** How many of so many values a percentile is about. */
function valuesWanted(count: number, percent: number): number {
  // In whole thousandths of a percent: 99.9 is no exact binary fraction, and would ask for one value too many.
  return Math.max(1, Math.ceil(count * Math.round(percent * 1000) / 100_000));
}

/** A histogram to add others to and to read percentiles from. */
export class Histogram {
  readonly buckets: Float64Array = new Float64Array(BUCKET_COUNT);
  count = 0;

  add(sparse: SparseHistogram): this {
    for (const [bucket, count] of sparse) {
      this.buckets[bucket] += count;
      this.count += count;
    }
    return this;
  }

  /** The value that `percent` % of all values don't exceed: the upper edge of its bucket; 0 if there are none. */
  percentile(percent: number): number {
    const wanted = valuesWanted(this.count, percent);
    let passed = 0;
    for (let i = 0; i < BUCKET_COUNT; i++) {
      passed += this.buckets[i];
      if (passed >= wanted) return bucketMax(i);
    }
    return 0;
  }

  /** The upper edge of the highest bucket that holds something. */
  get max(): number {
    for (let i = BUCKET_COUNT - 1; i >= 0; i--) if (this.buckets[i] > 0) return bucketMax(i);
    return 0;
  }
}
