import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { ThinkTime } from "./think_time.ts";

/** Plays users at their own pace; `isRefused` says how a shake ends. Returns the times of each user's shakes. */
function play(users: number, seconds: number, isRefused: (nowMs: number) => boolean) {
  const thinkTime = new ThinkTime(users, [5_000, 10_000], new Random(1), 0);
  const shakes: number[][] = Array.from({ length: users }, () => []);
  let retries = 0;
  for (let user = 0; user < users; user++) thinkTime.begin(user, 0);
  for (let nowMs = 0; nowMs < seconds * 1_000; nowMs += 16) {
    for (let user = thinkTime.take(nowMs); user >= 0; user = thinkTime.take(nowMs)) {
      if (thinkTime.shaken(user, nowMs)) retries++;
      shakes[user].push(nowMs);
      if (isRefused(nowMs)) thinkTime.refused(user, nowMs);
      else thinkTime.answered(user);
    }
  }
  return { shakes, retries };
}

Deno.test("a user shakes every 5 to 10 s", () => {
  const { shakes } = play(200, 100, () => false);
  for (const times of shakes) {
    assert.ok(times[0] <= 10_100, "the first within one gap");
    times.slice(1).forEach((ms, i) => {
      const gapMs = ms - times[i];
      assert.ok(gapMs >= 4_980 && gapMs <= 10_050, `${gapMs} ms`);
    });
  }
});

Deno.test("when everything is refused, retries are at most a tenth of the first tries, and users back off", () => {
  const { shakes, retries } = play(1_000, 120, () => true);
  const all = shakes.reduce((sum, times) => sum + times.length, 0);
  assert.ok(retries <= (all - retries) * 0.1 + 1, `${retries} retries of ${all}`);
  const late = shakes.reduce((sum, times) => sum + times.filter((ms) => ms > 60_000).length, 0) / 60;
  assert.ok(late < 1_000 / 7.5, `${late} shakes a second instead of ${1_000 / 7.5}`);
});

Deno.test("a user who has left isn't called until they are back", () => {
  const thinkTime = new ThinkTime(1, [1_000, 1_000], new Random(1), 0);
  thinkTime.begin(0, 0);
  thinkTime.leave(0);
  assert.equal(thinkTime.take(5_000), -1);
  thinkTime.begin(0, 5_000);
  assert.equal(thinkTime.take(6_100), 0);
});
