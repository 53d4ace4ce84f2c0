import assert from "node:assert/strict";
import fc from "fast-check";
import { positionOf, Schedule, userAt } from "./pacing.ts";

const RUNS = { seed: 20150218, numRuns: 200 };
const totals = fc.integer({ min: 1, max: 700 });
const rates = fc.integer({ min: 1, max: 1500 });
const seconds = fc.integer({ min: 0, max: 2_000_000_000 });

/** The public prototype's rule, user by user: who sends in this second. Its u32 product is exact here. */
function prototypeUsers(unixSecond: number, total: number, wantedQps: number): number[] {
  const qps = Math.min(wantedQps, total);
  const all = Array.from({ length: total }, (_, user) => user);
  if (total % qps === 0) {
    const turns = total / qps;
    return all.filter((user) => unixSecond % turns === prototypeHash(user, total) % turns);
  }
  const start = Number((BigInt(unixSecond % total) * BigInt(qps % total)) % BigInt(total));
  const end = start + qps;
  return all.filter((user) => {
    const position = prototypeHash(user, total);
    return end <= total ? position >= start && position < end : position >= start || position < end - total;
  });
}

function prototypeHash(user: number, total: number): number {
  if (total <= 13) return user;
  let position = Math.floor(user / 13);
  // What stands in the buckets before this user's.
  for (let bucket = 0; bucket < user % 13; bucket++) {
    position += Math.floor(total / 13) + (bucket < total % 13 ? 1 : 0);
  }
  return position;
}

function usersOf(schedule: Schedule, second: number): number[] {
  return Array.from({ length: schedule.qps }, (_, tick) => schedule.userOf(second, tick));
}

Deno.test("positions are a permutation of the users, and userAt is its inverse", () => {
  for (const total of [1, 2, 12, 13, 14, 25, 26, 27, 100, 169, 1000]) {
    const positions = Array.from({ length: total }, (_, user) => positionOf(user, total));
    assert.deepEqual(positions.toSorted((a, b) => a - b), positions.map((_, i) => i), `total ${total}`);
    positions.forEach((position, user) => assert.equal(userAt(position, total), user, `total ${total}`));
  }
});

Deno.test("userAt is the inverse of positionOf up to a million and beyond", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), fc.nat(0xffff_fffe), (total, any) => {
      const user = any % total;
      assert.equal(userAt(positionOf(user, total), total), user);
    }),
    RUNS,
  );
});

Deno.test("burst sends exactly the prototype's users in every second", () => {
  fc.assert(
    fc.property(totals, rates, seconds, (total, qps, second) => {
      const schedule = new Schedule("burst", total, qps);
      assert.deepEqual(
        usersOf(schedule, second).toSorted((a, b) => a - b),
        prototypeUsers(second, total, qps),
      );
    }),
    RUNS,
  );
});

Deno.test("smooth has burst's users, each at their own time inside the second", () => {
  fc.assert(
    fc.property(totals, rates, seconds, (total, wanted, second) => {
      const qps = Math.min(wanted, total);
      const smooth = new Schedule("smooth", total, qps);
      assert.deepEqual(usersOf(smooth, second), usersOf(new Schedule("burst", total, qps), second));
      for (let tick = 0; tick < qps; tick++) {
        assert.ok(Math.abs(smooth.dueMs(second, tick) - (second * 1000 + tick * 1000 / qps)) < 0.001);
      }
    }),
    RUNS,
  );
});

Deno.test("a rate above the number of users goes round: nobody has two ticks more than another", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 1000 }),
      seconds,
      (total, more, second) => {
        const schedule = new Schedule("smooth", total, total + more);
        const ticks = new Array<number>(total).fill(0);
        for (const user of usersOf(schedule, second)) ticks[user]++;
        assert.equal(ticks.reduce((sum, count) => sum + count), total + more);
        assert.ok(Math.max(...ticks) - Math.min(...ticks) <= 1);
      },
    ),
    RUNS,
  );
});

Deno.test("over a whole round everybody has had as many turns", () => {
  for (const [total, qps] of [[100, 10], [100, 30], [1000, 7], [14, 13], [20, 50]]) {
    const schedule = new Schedule("smooth", total, qps);
    const turns = new Array<number>(total).fill(0);
    for (let second = 1_700_000_000; second < 1_700_000_000 + total; second++) {
      for (const user of usersOf(schedule, second)) turns[user]++;
    }
    assert.deepEqual(new Set(turns), new Set([qps]), `${total} users at ${qps}/s`);
  }
});

Deno.test("a burst is all due on the second; one tick past it belongs to the next", () => {
  const schedule = new Schedule("burst", 100, 10);
  assert.equal(schedule.dueMs(5, 9), 5000);
  assert.equal(schedule.firstTickFrom(0), 0);
  assert.equal(schedule.firstTickFrom(0.5), 10);
});
