import assert from "node:assert/strict";
import { elapsedUs, FleetUsers, MAX_UNANSWERED, toUs, UserState } from "./fleet_users.ts";

Deno.test("unanswered shakes come back in order, as the ring goes round", () => {
  const users = new FleetUsers(3, 3);
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < MAX_UNANSWERED; i++) users.push(1, round * 100 + i);
    assert.equal(users.oldestUs(1), round * 100);
    for (let i = 0; i < 5; i++) assert.equal(users.shift(1), round * 100 + i);
    users.push(1, round * 100 + 50);
    for (const left of [5, 6, 7, 50]) assert.equal(users.shift(1), round * 100 + left);
    assert.equal(users.unanswered[1], 0);
  }
  assert.deepEqual([users.unanswered[0], users.unanswered[2]], [0, 0]);
});

Deno.test("one shake more than fits, or one answer more than asked for, is our own fault", () => {
  const users = new FleetUsers(1, 1);
  assert.throws(() => users.shift(0), /AssertionFailed|under way/);
  for (let i = 0; i < MAX_UNANSWERED; i++) users.push(0, i);
  assert.throws(() => users.push(0, 9), /MAX_UNANSWERED/);
});

Deno.test("who leaves forgets his connection and his unanswered shakes", () => {
  const users = new FleetUsers(2, 4);
  users.connection[1] = 3;
  users.userOf[3] = 1;
  users.begin(1, UserState.ready, 0);
  users.push(1, 5);
  users.push(1, 6);
  assert.equal(users.leave(1), 2);
  assert.deepEqual([users.userOf[3], users.connection[1], users.unanswered[1]], [-1, -1, 0]);
  assert.equal(users.state[1], UserState.away);
});

Deno.test("times wrap after 71 minutes, and differences don't", () => {
  const wrapMs = 2 ** 32 / 1000;
  assert.equal(elapsedUs(toUs(wrapMs - 1), toUs(wrapMs + 2)), 3000);
  assert.equal(elapsedUs(toUs(10 * wrapMs + 5), toUs(10 * wrapMs + 5.25)), 250);
  assert.equal(elapsedUs(toUs(100.002), toUs(100)), 0, "due a little ahead of the reading");
});
