/** Property tests of how packets are split; REDPKT_SPLITS=1000000 for the long run. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../../../core/base/random.ts";
import { splitAtRandom, splitEqually } from "./split.ts";

const SPLITS = Number(Deno.env.get("REDPKT_SPLITS") ?? 20_000);

const order = fc.integer({ min: 1, max: 2_000 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    amountFen: fc.integer({ min: count, max: count + 20_000_00 }),
    seed: fc.integer({ min: 0 }),
  })
);

function check(shares: Uint32Array, amountFen: number, count: number): void {
  assert.equal(shares.length, count);
  assert.equal(shares.reduce((sum, share) => sum + share, 0), amountFen);
  assert.ok(shares.every((share) => share >= 1));
}

Deno.test("the sum is exact and no share is under 1 fen, whatever is split", () => {
  fc.assert(fc.property(order, ({ count, amountFen, seed }) => {
    check(splitAtRandom(amountFen, count, new Random(seed)), amountFen, count);
    const equal = splitEqually(amountFen, count);
    check(equal, amountFen, count);
    assert.ok(Math.max(...equal) - Math.min(...equal) <= 1);
  }));
});

/** Small amounts, where rounding would show most, and ordinary ones. */
const CASES = [[3, 2], [7, 3], [11, 10], [100, 10], [2_000, 7], [999, 100]] as const;

for (const [amountFen, count] of CASES) {
  Deno.test(`${amountFen} fen in ${count}: every place has the same expected value`, () => {
    const random = new Random(amountFen * 1_000 + count);
    const sums = new Float64Array(count);
    const squares = new Float64Array(count);
    const splits = Math.ceil(SPLITS / CASES.length);
    for (let i = 0; i < splits; i++) {
      const shares = splitAtRandom(amountFen, count, random);
      check(shares, amountFen, count);
      for (let k = 0; k < count; k++) {
        sums[k] += shares[k];
        squares[k] += shares[k] ** 2;
      }
    }
    const mean = amountFen / count;
    for (let k = 0; k < count; k++) {
      const found = sums[k] / splits;
      const error = Math.sqrt(Math.max(squares[k] / splits - found ** 2, 1e-9) / splits);
      // Five standard errors: one false alarm in a million places.
      assert.ok(
        Math.abs(found - mean) < 5 * error,
        `share ${k + 1}: ${found}, expected ${mean} within ${error}`,
      );
    }
  });
}

Deno.test("the same seed splits the same", () => {
  assert.deepEqual(splitAtRandom(10_000, 50, new Random(4)), splitAtRandom(10_000, 50, new Random(4)));
});
