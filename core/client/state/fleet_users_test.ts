import assert from "node:assert/strict";
import { elapsedUs, FleetUsers, toUs, UserState } from "./fleet_users.ts";

Deno.test("who leaves forgets their connection, and that they have been there isn't forgotten", () => {
  const users = new FleetUsers(2, 4);
  users.connection[1] = 3;
  users.userOf[3] = 1;
  users.begin(1, UserState.dialing, 5);
  assert.deepEqual([users.sinceUs[1], users.hasLoggedIn(1)], [5, false]);
  users.loggedIn(1, 100);
  assert.deepEqual([users.sinceUs[1], users.againSinceS[1]], [0, 0]);
  users.leave(1);
  assert.deepEqual([users.userOf[3], users.connection[1], users.state[1]], [-1, -1, UserState.away]);
  users.loggedIn(1, 107);
  assert.deepEqual([users.hasLoggedIn(1), users.againSinceS[1]], [true, 107]);
});

Deno.test("times wrap after 71 minutes, and differences don't", () => {
  const wrapMs = 2 ** 32 / 1000;
  assert.equal(elapsedUs(toUs(wrapMs - 1), toUs(wrapMs + 2)), 3000);
  assert.equal(elapsedUs(toUs(10 * wrapMs + 5), toUs(10 * wrapMs + 5.25)), 250);
  assert.equal(elapsedUs(toUs(100.002), toUs(100)), 0, "due a little ahead of the reading");
});
