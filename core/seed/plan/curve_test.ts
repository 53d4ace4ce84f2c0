import assert from "node:assert/strict";
import fc from "fast-check";
import { Curve, curveSchema, type CurveSpec } from "./curve.ts";

const SEED = { seed: 20150218 };

const points = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 100 }), rate: fc.nat(1000) }), {
  minLength: 2,
  maxLength: 12,
}).map((steps): CurveSpec => {
  const total = steps.slice(1).reduce((sum, { gap }) => sum + gap, 0);
  let at = 0;
  const points = steps.map(({ gap, rate }, i) => {
    if (i > 0) at += gap;
    return { at: i === steps.length - 1 ? 1 : at / total, rate: rate + (i === 0 ? 1 : 0) };
  });
  return { kind: "points", points };
});
const spec: fc.Arbitrary<CurveSpec> = fc.oneof(
  fc.constant<CurveSpec>({ kind: "flat" }),
  fc.double({ min: 1.001, max: 1000, noNaN: true }).map((startToEnd): CurveSpec => ({
    kind: "front",
    startToEnd,
  })),
  points,
);

Deno.test("time and share are each other's inverse, and both only grow", () => {
  fc.assert(
    fc.property(spec, (spec) => {
      assert.ok(curveSchema.safeParse(spec).success);
      const curve = new Curve(spec);
      let last = 0;
      for (let i = 0; i <= 200; i++) {
        const time = curve.timeOf(i / 200);
        assert.ok(time >= last - 1e-9 && time <= 1, `time of ${i / 200}`);
        assert.ok(Math.abs(curve.shareAt(time) - i / 200) < 1e-6, `share at ${time}`);
        last = time;
      }
      assert.equal(curve.shareAt(0), 0);
      assert.ok(curve.shareAt(1) > 1 - 1e-9);
    }),
    SEED,
  );
});

Deno.test("the rate never passes the curve's peak", () => {
  fc.assert(
    fc.property(spec, (spec) => {
      const curve = new Curve(spec);
      for (let i = 0; i < 100; i++) {
        const released = curve.shareAt((i + 1) / 100) - curve.shareAt(i / 100);
        assert.ok(released * 100 <= curve.peak * (1 + 1e-9));
      }
    }),
    SEED,
  );
});

Deno.test("front-loaded: three times the rate at the start", () => {
  const curve = new Curve({ kind: "front", startToEnd: 3 });
  assert.equal(curve.peak, 1.5);
  assert.ok(Math.abs(curve.shareAt(0.5) - 0.625) < 1e-12);
});

Deno.test("points that don't span the wave are refused, each with what is wrong", () => {
  const { error } = curveSchema.safeParse({
    kind: "points",
    points: [{ at: 0.1, rate: 0 }, { at: 0.1, rate: 0 }],
  });
  assert.deepEqual(error!.issues.map(({ message }) => message), [
    "must begin at 0 and end at 1",
    "must go up in `at`",
    "need a rate over 0 somewhere",
  ]);
});

Deno.test("a curve may rest for a while, and nothing is released in that time", () => {
  const points = [{ at: 0, rate: 2 }, { at: 0.5, rate: 0 }, { at: 0.75, rate: 0 }, { at: 1, rate: 4 }];
  assert.ok(curveSchema.safeParse({ kind: "points", points }).success);
  const curve = new Curve({ kind: "points", points });
  // Half of everything in each of the two triangles.
  for (const time of [0.5, 0.6, 0.75]) assert.ok(Math.abs(curve.shareAt(time) - 0.5) < 1e-12, `${time}`);
  assert.ok(Math.abs(curve.shareAt(0.25) - 0.375) < 1e-12);
  assert.ok(Math.abs(curve.peak - 4) < 1e-12);
  // Questions that go back are answered as those that go forward.
  const asked = [0.9, 0.1, 0.7, 0.1, 0.9].map((share) => curve.timeOf(share));
  assert.deepEqual([asked[0], asked[1]], [asked[4], asked[3]]);
});
