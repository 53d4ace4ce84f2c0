import assert from "node:assert/strict";
import { AssertionFailed } from "./assert.ts";
import { Random, systemSeed } from "./random.ts";

function take(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.uint32());
}

/** Chi-square of how often each of `bins` equally likely values came. */
function chiSquare(bins: number, draws: number, draw: () => number): number {
  const counts = new Float64Array(bins);
  for (let i = 0; i < draws; i++) counts[draw()]++;
  const expected = draws / bins;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

Deno.test("the same seed makes the same stream, for ever", () => {
  assert.deepEqual(take(new Random(42), 100), take(new Random(42), 100));
  // Recorded once: a seed in an old report must still mean the same run.
  assert.deepEqual(take(new Random(42), 4), RECORDED);
});
const RECORDED = [1849552023, 4223452576, 118919111, 3893884377];

Deno.test("seeds that differ in one bit anywhere below 2^53 make different streams", () => {
  const seen = new Set<string>();
  for (let bit = 0; bit < 53; bit++) seen.add(take(new Random(2 ** bit), 2).join());
  seen.add(take(new Random(0), 2).join());
  assert.equal(seen.size, 54);
});

Deno.test("below is even: chi-square within what 1 of 1000 fair generators exceeds", () => {
  const random = new Random(20150218);
  // [bins, the 99.9 % quantile of chi-square with bins - 1 degrees of freedom]
  for (const [bins, limit] of [[2, 10.83], [3, 13.82], [10, 27.88], [100, 148.2]]) {
    const chi = chiSquare(bins, 100_000, () => random.below(bins));
    assert.ok(chi < limit, `${bins} bins: ${chi}`);
  }
});

Deno.test("below doesn't favour low values for a bound that a plain remainder would bend", () => {
  // x % (3 * 2^30) would bring the lowest third twice as often as the others.
  const random = new Random(7);
  const bound = 3 * 2 ** 30;
  const chi = chiSquare(3, 30_000, () => Math.floor(random.below(bound) / 2 ** 30));
  assert.ok(chi < 13.82, `${chi}`);
});

Deno.test("bounds: below 1 is 0, 2^32 is allowed, anything else is our own mistake", () => {
  const random = new Random(1);
  for (let i = 0; i < 100; i++) assert.equal(random.below(1), 0);
  for (let i = 0; i < 100; i++) assert.ok(random.below(2 ** 32) < 2 ** 32);
  for (const bound of [0, -1, 1.5, 2 ** 32 + 1, NaN]) {
    assert.throws(() => random.below(bound), AssertionFailed, `${bound}`);
  }
});

Deno.test("between reaches both ends and nothing past them", () => {
  const random = new Random(3);
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) seen.add(random.between(-2, 3));
  assert.deepEqual([...seen].toSorted((a, b) => a - b), [-2, -1, 0, 1, 2, 3]);
  assert.equal(random.between(5, 5), 5);
});

Deno.test("float is in [0, 1)", () => {
  const random = new Random(9);
  let sum = 0;
  for (let i = 0; i < 100_000; i++) {
    const x = random.float();
    assert.ok(x >= 0 && x < 1);
    sum += x;
  }
  assert.ok(Math.abs(sum / 100_000 - 0.5) < 0.01);
});

Deno.test("a fork's draws don't shift the other's, and forks differ", () => {
  const parent = new Random(5);
  const first = parent.fork();
  const second = parent.fork();
  const rest = take(parent, 10);
  const again = new Random(5);
  take(again.fork(), 1000);
  again.fork();
  assert.deepEqual(take(again, 10), rest);
  assert.notDeepEqual(take(first, 4), take(second, 4));
});

Deno.test("a system seed is a whole number that Random takes in full", () => {
  for (let i = 0; i < 100; i++) assert.ok(Number.isSafeInteger(systemSeed()) && systemSeed() >= 0);
});
