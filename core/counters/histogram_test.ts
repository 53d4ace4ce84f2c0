import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BUCKET_COUNT,
  bucketMax,
  bucketOf,
  Histogram,
  record,
  sparsePercentile,
  toSparse,
} from "./histogram.ts";

const HIGHEST = 0xffff_ffff;
const uint32 = fc.oneof(fc.nat(200), fc.nat(100_000), fc.integer({ min: 0, max: HIGHEST }));

Deno.test("values below 64 have a bucket of their own", () => {
  for (let value = 0; value < 64; value++) {
    assert.equal(bucketOf(value), value);
    assert.equal(bucketMax(value), value);
  }
});

Deno.test("buckets follow each other without gap or overlap, up to 2^32 - 1", () => {
  let low = 0;
  for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
    const high = bucketMax(bucket);
    assert.equal(bucketOf(low), bucket, `low edge ${low}`);
    assert.equal(bucketOf(high), bucket, `high edge ${high}`);
    // The width is what a percentile may be off by.
    assert.ok((high - low) / Math.max(1, low) <= 0.032, `bucket ${bucket} is ${low} to ${high}`);
    low = high + 1;
  }
  assert.equal(low, HIGHEST + 1);
});

Deno.test("any value lies in its bucket", () => {
  fc.assert(
    fc.property(uint32, (value) => {
      const bucket = bucketOf(value);
      assert.ok(value <= bucketMax(bucket));
      assert.ok(bucket === 0 || value > bucketMax(bucket - 1));
    }),
    { seed: 1, numRuns: 2000 },
  );
});

Deno.test("what is outside counts as the nearest end, a fraction as its whole part", () => {
  const buckets = new Uint32Array(BUCKET_COUNT);
  for (const value of [-1, -0.5, 0, NaN, 7.9, HIGHEST, HIGHEST + 1, Infinity]) record(buckets, value);
  assert.deepEqual(toSparse(buckets), [[0, 4], [7, 1], [BUCKET_COUNT - 1, 3]]);
});

Deno.test("merged histograms are the histogram of all values, bit for bit", () => {
  fc.assert(
    fc.property(fc.array(fc.array(uint32, { maxLength: 40 }), { maxLength: 6 }), (parts) => {
      const merged = new Histogram();
      const whole = new Uint32Array(BUCKET_COUNT);
      for (const values of parts) {
        const part = new Uint32Array(BUCKET_COUNT);
        for (const value of values) {
          record(part, value);
          record(whole, value);
        }
        merged.add(toSparse(part));
      }
      const reference = new Histogram().add(toSparse(whole));
      assert.deepEqual(merged.buckets, reference.buckets);
      assert.equal(merged.count, parts.flat().length);
      assert.equal(merged.percentile(99), reference.percentile(99));
    }),
    { seed: 2, numRuns: 200 },
  );
});

Deno.test("a percentile is the exact one, rounded up to its bucket's edge", () => {
  fc.assert(
    fc.property(
      fc.array(uint32, { minLength: 1, maxLength: 300 }),
      fc.constantFrom(50, 90, 99, 99.9, 100),
      (values, percent) => {
        const buckets = new Uint32Array(BUCKET_COUNT);
        for (const value of values) record(buckets, value);
        const histogram = new Histogram().add(toSparse(buckets));
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(sorted.length * (percent * 10) / 1000) - 1];
        assert.equal(histogram.percentile(percent), bucketMax(bucketOf(exact)));
        assert.equal(histogram.max, bucketMax(bucketOf(sorted.at(-1)!)));
      },
    ),
    { seed: 3, numRuns: 500 },
  );
});

Deno.test("99.9 % of 10,000 are 9,990 values and not one more", () => {
  for (let count = 1000; count <= 1_000_000; count += 1000) {
    const histogram = new Histogram().add([[1, count * 0.999], [2, count * 0.001]]);
    assert.equal(histogram.percentile(99.9), 1, `${count} values`);
  }
});

Deno.test("an empty histogram has only zeroes to tell", () => {
  const histogram = new Histogram();
  assert.deepEqual([histogram.count, histogram.percentile(50), histogram.max], [0, 0, 0]);
});

Deno.test("a difference is right when a counter has wrapped around 2^32 in between", () => {
  const before = new Uint32Array(BUCKET_COUNT);
  before[5] = 0xffff_fffe;
  before[6] = 1;
  const now = before.slice();
  now[5] += 7;
  assert.equal(now[5], 5);
  assert.deepEqual(toSparse(now, before), [[5, 7]]);
});

Deno.test("a percentile of a histogram that travels is that of the histogram", () => {
  fc.assert(
    fc.property(
      fc.array(uint32, { maxLength: 300 }),
      fc.constantFrom(0.1, 1, 50, 90, 99, 99.9, 100),
      (values, percent) => {
        const buckets = new Uint32Array(BUCKET_COUNT);
        for (const value of values) record(buckets, value);
        const sparse = toSparse(buckets);
        assert.equal(sparsePercentile(sparse, percent), new Histogram().add(sparse).percentile(percent));
      },
    ),
    { seed: 11 },
  );
});
