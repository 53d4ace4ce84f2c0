import assert from "node:assert/strict";
import fc from "fast-check";
import { Random } from "../../base/random.ts";
import { amountDraw } from "../make/amount_draw.ts";
import { type AmountsSpec, countTickets } from "./amounts.ts";
import { Urn } from "../make/urn.ts";

const SEED = { seed: 20150218 };

const fen = fc.integer({ min: 1, max: 1000 });
const spec: fc.Arbitrary<AmountsSpec> = fc.oneof(
  fen.map((amountFen): AmountsSpec => ({ kind: "fixed", amountFen })),
  fc.tuple(fen, fen).map(([a, b]): AmountsSpec => ({
    kind: "uniform",
    minFen: Math.min(a, b),
    maxFen: Math.max(a, b),
  })),
  fc.uniqueArray(fen, { minLength: 1, maxLength: 8 }).chain((amounts) =>
    fc.array(fc.integer({ min: 1, max: 100 }), { minLength: amounts.length, maxLength: amounts.length })
      .map((weights): AmountsSpec => ({
        kind: "list",
        amounts: amounts.map((amountFen, i) => ({ amountFen, weight: weights[i] })),
      }))
  ),
);

Deno.test("every budget is met to the fen, within the bounds, or refused with a reason", () => {
  let made = 0;
  fc.assert(
    fc.property(spec, fc.integer({ min: 1, max: 2_000_000 }), fc.nat(), (spec, budgetFen, seed) => {
      const counted = countTickets(spec, budgetFen);
      if (typeof counted === "string") return assert.ok(counted.length > 10);
      made++;
      const draw = amountDraw(spec, counted.ofEach, counted.count, budgetFen);
      const random = new Random(seed);
      let sumFen = 0;
      for (let i = 0; i < counted.count; i++) {
        const amount = draw.next(random);
        assert.ok(isAllowed(spec, amount), `${amount} fen`);
        sumFen += amount;
      }
      assert.equal(sumFen, budgetFen);
    }),
    { ...SEED, numRuns: 300 },
  );
  assert.ok(made > 100, "most budgets can be made");
});

function isAllowed(spec: AmountsSpec, amount: number): boolean {
  if (spec.kind === "fixed") return amount === spec.amountFen;
  if (spec.kind === "uniform") return amount >= spec.minFen && amount <= spec.maxFen;
  return spec.amounts.some(({ amountFen }) => amountFen === amount);
}

Deno.test("uniform amounts are uniform: every amount about as often", () => {
  const spec: AmountsSpec = { kind: "uniform", minFen: 1, maxFen: 50 };
  const budgetFen = 100_000 * 25.5 + 7;
  const { count } = countTickets(spec, budgetFen) as { count: number };
  const draw = amountDraw(spec, undefined, count, budgetFen);
  const random = new Random(5);
  const seen = new Float64Array(51);
  for (let i = 0; i < count; i++) seen[draw.next(random)]++;
  for (let amount = 1; amount <= 50; amount++) {
    assert.ok(Math.abs(seen[amount] - count / 50) < 0.1 * count / 50, `${amount} fen: ${seen[amount]}`);
  }
});

Deno.test("a list keeps its proportions", () => {
  const amounts = [{ amountFen: 1, weight: 6 }, { amountFen: 10, weight: 3 }, { amountFen: 100, weight: 1 }];
  const counted = countTickets({ kind: "list", amounts }, 1_360_003);
  assert.deepEqual(counted, { count: 100_003, ofEach: [60_003, 30_000, 10_000] });
});

Deno.test("budgets that can't be made say why", () => {
  const list = (...values: number[]): AmountsSpec => ({
    kind: "list",
    amounts: values.map((amountFen) => ({ amountFen, weight: 1 })),
  });
  assert.match(countTickets({ kind: "fixed", amountFen: 7 }, 100) as string, /no multiple of 7 fen: 2 fen/);
  assert.match(
    countTickets({ kind: "uniform", minFen: 60, maxFen: 70 }, 100) as string,
    /no number of amounts/,
  );
  assert.match(countTickets({ kind: "uniform", minFen: 9, maxFen: 7 }, 100) as string, /below minFen/);
  assert.match(countTickets(list(4, 6), 101) as string, /multiples of 2 fen/);
  assert.match(countTickets(list(6, 10, 15), 29) as string, /no mix of these amounts/);
  assert.deepEqual(countTickets(list(6, 10, 15), 30), { count: 2, ofEach: [0, 0, 2] });
});

Deno.test("a list is refused only where no mix of its amounts comes to the budget, whatever their weights", () => {
  const lists = [[6, 10, 15], [4, 6], [7, 11], [5, 8, 13], [3, 50], [20, 7, 3], [30, 12, 8]];
  const weights = [1, 1, 1, 9, 0.1, 5];
  for (const values of lists) {
    for (let shift = 0; shift < weights.length; shift++) {
      const amounts = values.map((amountFen, i) => ({ amountFen, weight: weights[(shift + 2 * i) % 6] }));
      const canBe = [true];
      for (let fen = 1; fen <= 150; fen++) {
        canBe[fen] = values.some((value) => fen >= value && canBe[fen - value]);
        const counted = countTickets({ kind: "list", amounts }, fen);
        assert.equal(typeof counted !== "string", canBe[fen], `${fen} fen of ${JSON.stringify(amounts)}`);
        if (typeof counted === "string") continue;
        assert.equal(counted.ofEach!.reduce((sum, count, i) => sum + count * values[i], 0), fen);
        assert.equal(counted.ofEach!.reduce((sum, count) => sum + count, 0), counted.count);
        assert.ok(counted.ofEach!.every((count) => count >= 0));
      }
    }
  }
});

Deno.test("the number of uniform amounts is what their middle makes of the budget", () => {
  const uniform = (budgetFen: number) => countTickets({ kind: "uniform", minFen: 4, maxFen: 6 }, budgetFen);
  assert.deepEqual(
    [500, 502, 503, 4, 8, 12].map(uniform),
    [100, 100, 101, 1, 2, 2].map((count) => ({ count })),
  );
  assert.match(uniform(7) as string, /no number of amounts from 4 to 6 fen comes to 7 fen/);
});

Deno.test("an urn gives every ball once, in any order", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { minLength: 1, maxLength: 20 }), fc.nat(), (counts, seed) => {
      const urn = new Urn(counts);
      const random = new Random(seed);
      const seen = counts.map(() => 0);
      while (urn.left > 0) seen[urn.draw(random)]++;
      assert.deepEqual(seen, counts);
    }),
    SEED,
  );
});
