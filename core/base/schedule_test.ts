import { deepEqual, equal } from "node:assert/strict";
import { Random } from "./random.ts";
import { Schedule } from "./schedule.ts";

Deno.test("actions come by time, and at the same time in the order of planning", () => {
  const random = new Random(11);
  const schedule = new Schedule();
  const planned: [timeMs: number, order: number][] = [];
  const done: [timeMs: number, order: number][] = [];
  for (let order = 0; order < 2_000; order++) {
    const timeMs = random.below(100);
    planned.push([timeMs, order]);
    schedule.add(timeMs, () => done.push([timeMs, order]));
  }
  for (let nowMs = 0; nowMs < 100; nowMs++) {
    for (let act = schedule.takeDue(nowMs); act; act = schedule.takeDue(nowMs)) act();
    equal(schedule.nextMs > nowMs, true);
  }
  deepEqual(done, planned.toSorted(([aMs, a], [bMs, b]) => aMs - bMs || a - b));
  equal(schedule.nextMs, Infinity);
});
