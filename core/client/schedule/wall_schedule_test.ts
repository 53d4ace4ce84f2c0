import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { WallSchedule } from "./wall_schedule.ts";

Deno.test("between coarse readings of the wall clock the schedule runs evenly", () => {
  const clock = new ManualClock(1_700_000_000_000);
  const wall = new WallSchedule(clock.monotonicMs(), clock.wallMs());
  clock.advance(0.75);
  assert.equal(wall.read(clock.monotonicMs(), Math.floor(clock.wallMs())), false);
  assert.equal(wall.nowMs, 1_700_000_000_000.75);
  assert.equal(wall.toMonotonicMs(wall.nowMs), clock.monotonicMs());
});

Deno.test("a step of the wall clock is followed at once and counted", () => {
  const clock = new ManualClock(1_700_000_000_000);
  const wall = new WallSchedule(clock.monotonicMs(), clock.wallMs());
  for (const stepMs of [10_000, -3_000]) {
    clock.stepWall(stepMs);
    assert.equal(wall.read(clock.monotonicMs(), clock.wallMs()), true);
    assert.equal(wall.nowMs, clock.wallMs());
  }
  assert.equal(wall.steps, 2);
});

Deno.test("a drift is taken over little by little", () => {
  const clock = new ManualClock(1_700_000_000_000);
  const wall = new WallSchedule(clock.monotonicMs(), clock.wallMs());
  clock.stepWall(50);
  for (let i = 0; i < 1000; i++) {
    const before = wall.nowMs;
    clock.advance(1);
    assert.equal(wall.read(clock.monotonicMs(), clock.wallMs()), false);
    assert.ok(wall.nowMs - before > 0 && wall.nowMs - before < 2, "time neither jumps nor stands");
  }
  assert.ok(Math.abs(wall.nowMs - clock.wallMs()) <= 2);
});
