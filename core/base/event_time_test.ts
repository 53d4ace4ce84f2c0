import assert from "node:assert/strict";
import { Random } from "./random.ts";
import { ManualClock } from "./clock.ts";
import { EventTime, type EventTimeState } from "./event_time.ts";

const START_MS = 1_700_000_000_000;

function open(clock: ManualClock, state?: EventTimeState): EventTime {
  return new EventTime(clock.monotonicMs(), clock.wallMs(), state);
}

Deno.test("it goes with the wall clock, also where that is slewed, and leaves steps out", () => {
  const clock = new ManualClock(START_MS);
  const time = open(clock);
  const read = () => time.read(clock.monotonicMs(), clock.wallMs());
  clock.advance(1_000);
  clock.stepWall(100);
  assert.equal(read(), 0, "so much may be the work of an adjustment");
  assert.equal(time.eventMs, START_MS + 1_100);
  clock.advance(500);
  clock.stepWall(101);
  assert.equal(read(), 101);
  assert.equal(time.eventMs, START_MS + 1_600);
  clock.advance(500);
  clock.stepWall(-86_400_000);
  assert.equal(read(), -86_400_000);
  assert.equal(time.eventMs, START_MS + 2_100);
});

Deno.test("it never goes back, and a small step back doesn't either", () => {
  const clock = new ManualClock(START_MS);
  const time = open(clock);
  clock.stepWall(-50);
  time.read(clock.monotonicMs(), clock.wallMs());
  assert.equal(time.eventMs, START_MS);
});

Deno.test("what a step forward makes look late gets as much time as the clock has skipped, over restarts too", () => {
  const clock = new ManualClock(START_MS);
  let time = open(clock);
  assert.equal(time.mayExpire, true);
  clock.stepWall(60_000);
  time.read(clock.monotonicMs(), clock.wallMs());
  assert.equal(time.mayExpire, false);
  for (let second = 0; second < 59; second++) {
    clock.advance(1_000);
    time.read(clock.monotonicMs(), clock.wallMs());
    if (second % 20 === 0) {
      clock.advance(3_600_000); // down, which doesn't count
      time = open(clock, time.state);
    }
    assert.equal(time.mayExpire, false);
  }
  clock.advance(1_000);
  time.read(clock.monotonicMs(), clock.wallMs());
  assert.equal(time.mayExpire, true);
  clock.stepWall(-60_000);
  time.read(clock.monotonicMs(), clock.wallMs());
  assert.equal(time.mayExpire, true, "a step back has skipped nothing");
});

Deno.test("whatever the wall clock does, as much event time passes as the host was up", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed);
    const clock = new ManualClock(START_MS);
    let time = open(clock);
    let upMs = 0;
    for (let step = 0; step < 500; step++) {
      const ms = random.between(0, 2_000);
      clock.advance(ms);
      upMs += ms;
      if (random.below(10) === 0) clock.stepWall(random.between(-1e9, 1e9));
      time.read(clock.monotonicMs(), clock.wallMs());
      if (random.below(20) !== 0) continue;
      clock.advance(random.between(0, 1e8));
      clock.stepWall(random.between(-1e9, 1e9));
      time = open(clock, time.state);
    }
    // Steps of up to 100 ms count as adjustments; so large ones are hardly ever drawn so small.
    assert.ok(Math.abs(time.eventMs - START_MS - upMs) <= 100, `seed ${seed}`);
  }
});
