import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { measureMemoryNs } from "./memory_latency.ts";

Deno.test("a random read is given in ns, whoever had the core in two parts of five", () => {
  const time = new ManualClock();
  let looks = 0;
  const clock = {
    wallMs: () => 0,
    monotonicMs: () => {
      // A part is 2,000 steps; every second look is the end of one.
      if (looks++ % 2 === 1) time.advance(looks % 5 < 2 ? 9 : 0.4);
      return time.monotonicMs();
    },
  };
  assert.equal(Math.round(measureMemoryNs(clock)), 200);
});
