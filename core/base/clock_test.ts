import assert from "node:assert/strict";
import { after, every, ManualClock, sleep, systemClock } from "./clock.ts";

Deno.test("a manual clock moves only when told to", () => {
  const clock = new ManualClock(1_700_000_000_000);
  assert.deepEqual([clock.monotonicMs(), clock.wallMs()], [0, 1_700_000_000_000]);
  clock.advance(1500);
  assert.deepEqual([clock.monotonicMs(), clock.wallMs()], [1500, 1_700_000_001_500]);
});

Deno.test("a wall step leaves the monotonic reading alone", () => {
  const clock = new ManualClock();
  clock.advance(10);
  const wallMs = clock.wallMs();
  clock.stepWall(-3_600_000);
  assert.deepEqual([clock.monotonicMs(), clock.wallMs()], [10, wallMs - 3_600_000]);
});

Deno.test("the machine's clock never goes back, and its wall reading is this century's", () => {
  let last = systemClock.monotonicMs();
  for (let i = 0; i < 1000; i++) {
    const now = systemClock.monotonicMs();
    assert.ok(now >= last);
    last = now;
  }
  assert.ok(systemClock.wallMs() > 1_400_000_000_000);
});

Deno.test("after calls once", async () => {
  let calls = 0;
  await new Promise<void>((resolve) => {
    after(0, () => {
      calls++;
      resolve();
    });
  });
  await sleep(0);
  assert.equal(calls, 1);
});

Deno.test("after that is called off never calls", async () => {
  const callOff = after(0, () => assert.fail("it was called off"));
  callOff();
  await sleep(0);
  await sleep(0);
});

Deno.test("every calls until it is called off", async () => {
  let calls = 0;
  await new Promise<void>((resolve) => {
    const callOff = every(0, () => {
      if (++calls < 3) return;
      callOff();
      resolve();
    });
  });
  await sleep(0);
  assert.equal(calls, 3);
});
