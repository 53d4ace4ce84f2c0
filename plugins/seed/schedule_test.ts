import assert from "node:assert/strict";
import fc from "fast-check";
import {
  endWallMs,
  moved,
  ownTimeMs,
  paused,
  plannedSchedule,
  resumed,
  type Schedule,
  startWallMs,
  stretched,
} from "./schedule.ts";

const LENGTH_MS = 10_000;
const START_MS = 50_000;

/** A schedule that an operator has been at before, now playing, waiting or long over. */
const schedule: fc.Arbitrary<Schedule> = fc.record({
  anchorWallMs: fc.integer({ min: 0, max: 100_000 }),
  anchorMs: fc.integer({ min: 0, max: LENGTH_MS }),
  stretch: fc.integer({ min: 1, max: 5 }),
  isStopped: fc.boolean(),
});
const wall = fc.integer({ min: 0, max: 150_000 });
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-6, `${a} and ${b}`);
const check = (other: fc.Arbitrary<number>, holds: (one: Schedule, a: number, b: number) => void) =>
  fc.assert(fc.property(schedule, wall, other, holds), { seed: 20150218, numRuns: 300 });

Deno.test("as planned: a wave's own time begins at its start and ends with its length", () => {
  const planned = plannedSchedule(START_MS);
  const at = (wallMs: number) => ownTimeMs(planned, wallMs, LENGTH_MS);
  assert.deepEqual([49_000, 50_000, 50_001, 60_000, 60_001].map(at), [-1_000, 0, 1, 10_000, 10_000]);
  assert.deepEqual([startWallMs(planned), endWallMs(planned, LENGTH_MS)], [50_000, 60_000]);
  assert.equal(planned.isStopped, false);
});

Deno.test("own time goes at a stretch's part of wall time, and a paused one stands still", () => {
  check(wall, (one, a, b) => {
    const own = (of: Schedule, wallMs: number) => ownTimeMs(of, wallMs, Infinity);
    near(own(one, b) - own(one, a), (b - a) / one.stretch);
    const still = paused(one, a);
    near(own(still, Math.max(a, b)), own(one, a));
    assert.equal(ownTimeMs(one, b, LENGTH_MS), Math.min(LENGTH_MS, own(one, b)), "never past its length");
    near(own(one, startWallMs(one)), 0);
    near(own(one, endWallMs(one, LENGTH_MS)), LENGTH_MS);
  });
});

Deno.test("a wave that was paused goes on where it stood still, and one that hadn't begun loses only what passed of it", () => {
  check(fc.nat(50_000), (one, atMs, pauseMs) => {
    const again = resumed(paused(one, atMs), atMs + pauseMs);
    assert.equal(again.pausedWallMs, undefined);
    const before = ownTimeMs(one, atMs, LENGTH_MS);
    const after = ownTimeMs(again, atMs + pauseMs, LENGTH_MS);
    // In front of its anchor a pause changes nothing until that has come.
    if (atMs >= one.anchorWallMs) near(after, before);
    else {near(
        after,
        Math.min(LENGTH_MS, one.anchorMs + Math.min(0, atMs + pauseMs - one.anchorWallMs) / one.stretch),
      );}
    assert.deepEqual([again.stretch, again.isStopped, again.anchorMs], [
      one.stretch,
      one.isStopped,
      one.anchorMs,
    ]);
  });
  const planned = plannedSchedule(START_MS);
  assert.deepEqual(resumed(planned, 55_000), planned, "one that isn't paused stays as it is");
});

Deno.test("a stretch changes what is left, and not how far it is", () => {
  check(fc.integer({ min: 1, max: 9 }), (one, atMs, factor) => {
    const longer = stretched(one, factor, atMs, LENGTH_MS);
    const own = ownTimeMs(one, atMs, LENGTH_MS);
    assert.deepEqual([longer.stretch, longer.isStopped], [factor, one.isStopped]);
    if (own > 0) near(ownTimeMs(longer, atMs, LENGTH_MS), own);
    if (own > 0 && own < LENGTH_MS) near(endWallMs(longer, LENGTH_MS) - atMs, (LENGTH_MS - own) * factor);
    if (own <= 0) assert.equal(longer.anchorWallMs, one.anchorWallMs, "its start stays");
  });
});

Deno.test("a paused wave that is stretched goes on from where it stands", () => {
  const still = paused(plannedSchedule(START_MS), START_MS + 4_000);
  const longer = stretched(still, 3, START_MS + 9_000, LENGTH_MS);
  const wallMs = START_MS + 20_000;
  assert.equal(ownTimeMs(longer, wallMs, LENGTH_MS), 4_000);
  const again = resumed(longer, wallMs);
  assert.equal(ownTimeMs(again, wallMs, LENGTH_MS), 4_000);
  assert.equal(endWallMs(again, LENGTH_MS), wallMs + 3 * 6_000);
});

Deno.test("a wave that is moved begins anew at its speed, and is paused no more", () => {
  const before = {
    ...stretched(plannedSchedule(START_MS), 2, START_MS + 3_000, LENGTH_MS),
    pausedWallMs: 55_000,
  };
  const later = moved(before, 80_000);
  assert.deepEqual(later, { anchorWallMs: 80_000, anchorMs: 0, stretch: 2, isStopped: false });
  assert.equal(moved({ ...before, isStopped: true }, 80_000).isStopped, true);
});
