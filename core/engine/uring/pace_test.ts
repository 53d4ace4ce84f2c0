import { equal } from "node:assert/strict";
import { BatchPace } from "./pace.ts";

Deno.test("BatchPace: gathers while events are many, and wakes at once when they are few", () => {
  const pace = new BatchPace();
  pace.count(1);
  equal(pace.batchUs(5), 0);
  for (let ms = 6; ms <= 10; ms++) {
    pace.count(30);
    pace.batchUs(ms);
  }
  equal(pace.batchUs(10) > 0, true);
  equal(pace.batchUs(12) > 0, true, "it stays so for a window");
  equal(pace.batchUs(1_000), 0, "after a quiet second nothing is gathered");
});

Deno.test("BatchPace: a clock that stands still never makes it gather", () => {
  const pace = new BatchPace();
  pace.count(1_000_000);
  equal(pace.batchUs(0), 0);
});
