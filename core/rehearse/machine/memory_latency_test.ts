import assert from "node:assert/strict";
import { ManualClock } from "../../time/clock.ts";
import { measureMemoryNs } from "./memory_latency.ts";

Deno.test("a random read is given in ns, by the best part of the walk", () => {
  const time = new ManualClock();
  // Ten parts of 100,000 steps: 30 ms each, but one of 20 ms, and one in which somebody else had the core.
  const spentMs = [30, 30, 900, 30, 20, 30, 30, 30, 30, 30];
  let looks = 0;
  const clock = {
    wallMs: () => 0,
    monotonicMs: () => {
      if (looks++ % 2 === 1) time.advance(spentMs[(looks >> 1) - 1]);
      return time.monotonicMs();
    },
  };
  assert.equal(measureMemoryNs(clock), 200);
  assert.equal(looks, 20);
});
