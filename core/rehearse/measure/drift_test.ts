import assert from "node:assert/strict";
import { bucketOf, type SparseHistogram } from "../../counters/histogram.ts";
import { Random } from "../../base/random.ts";
import { driftOf, type DriftSecond } from "./drift.ts";
import { robustSlope } from "./slope.ts";

Deno.test("a slope is that of most points, whatever a few of them are", () => {
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    const points = Array.from({ length: 3_000 }, (_, i) => ({
      at: i,
      value: i % 5 === 0 ? 1e6 * random.float() : 10 + 0.25 * i + random.float(),
    }));
    assert.ok(Math.abs(robustSlope(points) - 0.25) < 0.01, `seed ${seed}: ${robustSlope(points)}`);
  }
});

Deno.test("of points in a row the slope is exact, and of fewer than two there is none", () => {
  assert.equal(robustSlope([{ at: 1, value: 5 }, { at: 3, value: 1 }]), -2);
  assert.equal(robustSlope([{ at: 0, value: 1 }, { at: 1, value: 4 }, { at: 2, value: 7 }]), 3);
  assert.ok(Number.isNaN(robustSlope([{ at: 1, value: 5 }])));
  assert.ok(
    Number.isNaN(robustSlope([{ at: 1, value: 5 }, { at: 1, value: 6 }])),
    "nothing grows in no time",
  );
});

/** A phase of so many seconds in which memory and p99 grow by so much an hour, after a first half that is another world. */
function phase(seconds: number, memoryMbPerH: number, p99MsPerH: number): DriftSecond[] {
  return Array.from({ length: seconds }, (_, i) => {
    const isWarm = i >= seconds / 2;
    const rssBytes = isWarm ? 300e6 + memoryMbPerH * 1e6 * i / 3_600 : 50e6 + 5e6 * i;
    const p99Us = isWarm ? 5_000 + p99MsPerH * 1_000 * i / 3_600 : 900_000;
    const process = { rssBytes } as NonNullable<DriftSecond["server"]>["process"];
    const shakeLatencyUs: SparseHistogram = [[10, 90], [bucketOf(Math.round(p99Us)), 10]];
    return { second: 1_700_000_000 + i, server: { process }, client: { histograms: { shakeLatencyUs } } };
  });
}

Deno.test("what leaks and what gets slower is told by the hour, out of the second half alone", () => {
  const drift = driftOf(phase(7_200, 36, 2));
  assert.ok(Math.abs(drift.memoryMbPerH! - 36) < 0.1, `${drift.memoryMbPerH}`);
  assert.ok(Math.abs(drift.p99MsPerH! - 2) < 0.4, `${drift.p99MsPerH}`);
  const steady = driftOf(phase(7_200, 0, 0));
  assert.deepEqual(steady, { memoryMbPerH: 0, p99MsPerH: 0 });
});

Deno.test("seconds in which a process said nothing are left out, and no second at all says nothing", () => {
  const some = phase(600, 36, 0).map((second, i) => i % 3 === 0 ? { second: second.second } : second);
  assert.ok(Math.abs(driftOf(some).memoryMbPerH! - 36) < 0.1);
  assert.deepEqual(driftOf([]), { memoryMbPerH: null, p99MsPerH: null });
});
