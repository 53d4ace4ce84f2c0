import assert from "node:assert/strict";
import fc from "fast-check";
import { mulDiv, phaseOf, runningTotals, Splitter, wholeWeights } from "./split.ts";

const SEED = { seed: 20150218 };

Deno.test("parts are within 1 of their ideal, never negative, and come to the whole", () => {
  const weights = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 50 });
  const whole = fc.oneof(fc.nat(1000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1 }));
  fc.assert(
    fc.property(weights, whole, fc.nat(1000), (parts, whole, index) => {
      const totals = runningTotals(parts);
      const weight = totals[parts.length];
      fc.pre(weight > 0);
      const splitter = new Splitter(whole, weight, phaseOf(index));
      let sum = 0;
      parts.forEach((part, i) => {
        const share = splitter.upTo(totals[i + 1]) - splitter.upTo(totals[i]);
        assert.ok(share >= 0);
        const ideal = BigInt(whole) * BigInt(part);
        const off = BigInt(share) * BigInt(weight) - ideal;
        assert.ok(off <= BigInt(weight) && off >= -BigInt(weight), `part ${i}`);
        sum += share;
      });
      assert.equal(sum, whole);
    }),
    SEED,
  );
});

Deno.test("a product and a quotient in one step are exact", () => {
  const number = fc.oneof(fc.nat(1_000_000), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
  fc.assert(
    fc.property(number, number, fc.integer({ min: 1, max: 2 ** 40 }), (a, b, c) => {
      const exact = BigInt(a) * BigInt(b) / BigInt(c);
      fc.pre(exact <= BigInt(Number.MAX_SAFE_INTEGER));
      assert.equal(mulDiv(a, b, c), Number(exact));
    }),
    SEED,
  );
});

Deno.test("weights become the smallest whole numbers of the same proportion", () => {
  assert.deepEqual(wholeWeights([0.5, 0.25, 1]), [2, 1, 4]);
  assert.deepEqual(wholeWeights([7, 7, 7]), [1, 1, 1]);
  assert.deepEqual(wholeWeights([0, 3]), [0, 1]);
});
