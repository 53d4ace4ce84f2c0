import assert from "node:assert/strict";
import { Schedule } from "./pacing.ts";
import { Ticker } from "./ticker.ts";

const SECOND = 1_700_000_000;

function takeUntil(ticker: Ticker, unixMs: number): number[] {
  const users: number[] = [];
  while (ticker.nextDueMs < unixMs) users.push(ticker.take());
  return users;
}

function usersOf(schedule: Schedule, second: number): number[] {
  return Array.from({ length: schedule.qps }, (_, tick) => schedule.userOf(second, tick));
}

Deno.test("a ticker walks the schedule's users in order, second after second", () => {
  for (const [total, qps] of [[100, 10], [100, 30], [1000, 7], [13, 13], [5, 12], [1, 3]]) {
    const schedule = new Schedule("smooth", total, qps);
    const ticker = new Ticker(schedule, SECOND * 1000);
    for (let second = SECOND; second < SECOND + 5; second++) {
      assert.deepEqual(
        takeUntil(ticker, (second + 1) * 1000),
        usersOf(schedule, second),
        `${total} at ${qps}/s`,
      );
    }
  }
});

Deno.test("a ticker that starts inside a second takes what is still due in it", () => {
  const schedule = new Schedule("smooth", 100, 10);
  const ticker = new Ticker(schedule, SECOND * 1000 + 450);
  assert.equal(ticker.nextDueMs, SECOND * 1000 + 500);
  assert.deepEqual(takeUntil(ticker, (SECOND + 1) * 1000), usersOf(schedule, SECOND).slice(5));
  assert.equal(ticker.takenDueMs, SECOND * 1000 + 900);
});

Deno.test("a burst that has begun is over", () => {
  const ticker = new Ticker(new Schedule("burst", 100, 10), SECOND * 1000 + 1);
  assert.equal(ticker.nextDueMs, (SECOND + 1) * 1000);
});

Deno.test("a rate of 0 is never due, and another rate can follow", () => {
  const ticker = new Ticker(new Schedule("smooth", 100, 0), SECOND * 1000);
  assert.equal(ticker.nextDueMs, Infinity);
  ticker.follow(new Schedule("smooth", 100, 4), SECOND * 1000 + 300);
  assert.equal(ticker.nextDueMs, SECOND * 1000 + 500);
});
