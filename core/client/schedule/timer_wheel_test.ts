import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { backoffMs, DEFAULT_BACKOFF, MAX_ATTEMPT } from "./backoff.ts";
import { ConnectPace } from "./connect_pace.ts";
import { TimerWheel } from "./timer_wheel.ts";

function takeAll(wheel: TimerWheel): number[] {
  const users: number[] = [];
  while (wheel.isReady) users.push(wheel.take());
  return users;
}

Deno.test("who may connect comes first come first served", () => {
  const wheel = new TimerWheel(5, 1000, 0);
  for (const user of [3, 0, 4]) wheel.add(user);
  assert.deepEqual(takeAll(wheel), [3, 0, 4]);
  wheel.add(0);
  assert.deepEqual(takeAll(wheel), [0]);
});

Deno.test("nobody comes before their time, and everybody within 16 ms after it", () => {
  const random = new Random(7);
  const users = 2_000;
  const wheel = new TimerWheel(users, 30_000, 5);
  const dueMs = Array.from({ length: users }, () => 5 + random.float() * 30_000);
  dueMs.forEach((at, user) => wheel.addAfter(user, 5, at - 5));
  let came = 0;
  for (let nowMs = 5; nowMs < 30_100; nowMs += 5) {
    wheel.turn(nowMs);
    for (const user of takeAll(wheel)) {
      assert.ok(
        dueMs[user] <= nowMs && nowMs < dueMs[user] + 22,
        `user ${user} due ${dueMs[user]} came ${nowMs}`,
      );
      came++;
    }
  }
  assert.equal(came, users);
  assert.equal(wheel.nextTurnMs, Infinity);
});

Deno.test("a stall of the loop, longer than the wheel, loses nobody", () => {
  const wheel = new TimerWheel(3, 1000, 0);
  wheel.addAfter(0, 0, 900);
  wheel.addAfter(1, 60_000, 1000);
  wheel.turn(60_000);
  assert.deepEqual(takeAll(wheel), [0]);
  wheel.turn(61_020);
  assert.deepEqual(takeAll(wheel), [1]);
});

Deno.test("backoff: full jitter below a bound that doubles up to the cap", () => {
  const random = new Random(1);
  for (let attempt = 0; attempt <= MAX_ATTEMPT; attempt++) {
    const bound = Math.min(30_000, 500 * 2 ** attempt);
    const waits = Array.from({ length: 300 }, () => backoffMs(random, attempt, DEFAULT_BACKOFF));
    assert.ok(waits.every((wait) => wait >= 0 && wait < bound));
    assert.ok(Math.max(...waits) > bound * 0.9 && Math.min(...waits) < bound * 0.1, `attempt ${attempt}`);
  }
});

Deno.test("connects keep their rate, and a stall is made up for by 20 ms of it at most", () => {
  const pace = new ConnectPace(1000, 0);
  const takeUntil = (nowMs: number) => {
    let taken = 0;
    while (pace.take(nowMs)) taken++;
    return taken;
  };
  let taken = 0;
  for (let nowMs = 0; nowMs < 1000; nowMs += 3) taken += takeUntil(nowMs);
  assert.equal(taken, 1000);
  assert.equal(takeUntil(5000), 21);
});
