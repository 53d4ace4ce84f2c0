import assert from "node:assert/strict";
import { UserBuckets } from "./user_buckets.ts";

Deno.test("a user who comes again finds their bucket as they left it", () => {
  const users = new UserBuckets(100);
  const place = users.placeOf(7, 0);
  assert.ok(users.login(place, 0, 100, 1_000));
  users.take(place, 5_000);
  users.leave(place);
  assert.equal(users.placeOf(7, 1_000), place);
  assert.equal(users.after(place, 1_000, 10), 5_010);
});

Deno.test("a place whose user is gone and owes nothing is another's", () => {
  const users = new UserBuckets(10);
  const places = new Set<number>();
  for (let user = 0; user < 10_000; user++) {
    const place = users.placeOf(user, user * 1_000);
    assert.ok(place >= 0, `user ${user} has a place`);
    users.take(place, user * 1_000 + 500);
    places.add(place);
  }
  assert.ok(places.size <= 16, `${places.size} places`);
});

Deno.test("a full SET of connected users leaves almost nobody without a bucket", () => {
  const seats = 10_000;
  const users = new UserBuckets(seats);
  let without = 0;
  for (let user = 0; user < seats; user++) {
    const place = users.placeOf(user * 7, 0);
    if (place < 0) without++;
    else assert.ok(users.login(place, 0, 1, 1_000));
  }
  assert.ok(without < seats / 100, `${without} users`);
});

Deno.test("logins have a bucket of their own", () => {
  const users = new UserBuckets(10);
  const place = users.placeOf(1, 0);
  const logins = Array.from({ length: 5 }, () => users.login(place, 0, 1_000, 3_000));
  assert.deepEqual(logins, [true, true, true, false, false]);
  assert.ok(users.login(place, 1_000, 1_000, 3_000));
});

Deno.test("after a year without a restart a bucket of logins still fills and empties", () => {
  const users = new UserBuckets(10);
  const nowMs = 366 * 86_400_000;
  const place = users.placeOf(1, nowMs);
  const logins = Array.from({ length: 4 }, () => users.login(place, nowMs, 1_000, 3_000));
  assert.deepEqual(logins, [true, true, true, false]);
  assert.ok(users.login(place, nowMs + 1_000, 1_000, 3_000));
});

Deno.test("a user busy in several SETs has their part of the rate in each, for a while", () => {
  const users = new UserBuckets(10);
  const place = users.placeOf(3, 0);
  users.login(place, 0, 1, 10);
  users.spread(3, 4, 0);
  assert.equal(users.after(place, 0, 10), 40);
  assert.equal(users.after(place, 6_000, 10), 6_010);
});
