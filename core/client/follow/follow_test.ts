import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { BUCKET_COUNT } from "../../counters/histogram.ts";
import type { Engine } from "../../engine/common/engine.ts";
import { CueState } from "../../wire/codes.ts";
import { writeFrame } from "../../wire/frame_codec.ts";
import { frames } from "../../wire/v1/frames.ts";
import { FleetTime } from "../state/fleet_time.ts";
import { FleetUsers } from "../state/fleet_users.ts";
import { FleetMetric as M, fleetMetrics } from "../state/metrics.ts";
import { FleetFollow } from "./follow.ts";

const WALL_MS = 1_800_000_000_000;
const view = new DataView(new ArrayBuffer(64));

/** A phone with no connection: it hears, and is asked. */
function phones(count: number, disobey = 0) {
  const block = new Float64Array(fleetMetrics.scalars.length);
  const time = Object.assign(new FleetTime(), { wallMs: WALL_MS, unixSeconds: WALL_MS / 1000 });
  const follow = new FleetFollow({
    engine: {} as Engine,
    users: new FleetUsers(count, count),
    slice: { first: 0, stride: 1, count },
    block,
    time,
    random: new Random(1),
    countdownError: new Uint32Array(BUCKET_COUNT),
    disobey,
  });
  return { follow, block, time };
}

type Parts = Partial<
  Record<"epoch" | "number" | "minShakeMs" | "jitterMs" | "retryFirstMs" | "retryMostMs", number>
>;

function policy(follow: FleetFollow, user: number, parts: Parts): void {
  const none = { epoch: 0, number: 1, minShakeMs: 0, jitterMs: 0, retryFirstMs: 0, retryMostMs: 0 };
  writeFrame(frames.policy, view, 0, WALL_MS, { ...none, ...parts });
  follow.heardPolicy(user, view, 0);
}

function cue(follow: FleetFollow, user: number, epoch: number, number: number, startMs: number): void {
  const values = { epoch, number, state: CueState.planned, wave: 1, resource: 0, startMs, lengthMs: 10_000 };
  writeFrame(frames.cue, view, 0, WALL_MS, values);
  follow.heardCue(user, view, 0);
}

Deno.test("a user waits the policy's least time after a shake, and by chance up to the jitter more", () => {
  const { follow } = phones(1_000);
  const waits: number[] = [];
  for (let user = 0; user < 1_000; user++) {
    policy(follow, user, { minShakeMs: 2_000, jitterMs: 1_000 });
    assert.equal(follow.waitMs(user, 10_000), 0, "who hasn't shaken needn't wait");
    follow.shaken(user, 10_000);
    waits.push(follow.waitMs(user, 10_000));
    assert.ok(Math.abs(follow.waitMs(user, 11_000) - (waits[user] - 1_000)) < 1e-6, "it runs off");
    assert.equal(follow.waitMs(user, 13_001), 0);
  }
  assert.ok(Math.min(...waits) >= 2_000 && Math.max(...waits) <= 3_000);
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
  assert.ok(mean > 2_450 && mean < 2_550, `${mean}`);
});

Deno.test("after refusals the pause doubles up to its most, and ends with an answer", () => {
  const { follow } = phones(500);
  const longest = () => {
    let most = 0;
    for (let user = 0; user < 500; user++) {
      follow.shaken(user, 10_000);
      most = Math.max(most, follow.waitMs(user, 10_000));
    }
    return most;
  };
  for (let user = 0; user < 500; user++) policy(follow, user, { retryFirstMs: 1_000, retryMostMs: 3_000 });
  const seen = [1, 2, 3, 4].map(() => {
    for (let user = 0; user < 500; user++) follow.refused(user);
    return longest();
  });
  seen.forEach((most, i) => {
    const limit = [1_000, 2_000, 3_000, 3_000][i];
    assert.ok(most > 0.95 * limit && most <= limit, `${seen}`);
  });
  assert.deepEqual(follow.retryOf(0), { baseMs: 1_000, capMs: 3_000 });
  for (let user = 0; user < 500; user++) follow.answered(user);
  assert.equal(longest(), 0);
});

Deno.test("shakes sooner than the newest policy are counted, whoever has heard of it", () => {
  const { follow, block } = phones(2);
  policy(follow, 0, { minShakeMs: 1_000 });
  for (const ms of [5_000, 5_500, 6_500, 7_499]) follow.shaken(1, ms);
  assert.equal(block[M.shakesTooSoon], 1, "500 ms after the one before; 999 ms is a turn of the loop");
});

Deno.test("an older document counts for nothing; what a host says by itself is over with the connection", () => {
  const { follow, block } = phones(1);
  cue(follow, 0, 2, 5, WALL_MS + 60_000);
  cue(follow, 0, 2, 4, WALL_MS);
  cue(follow, 0, 1, 9, WALL_MS);
  cue(follow, 0, 0, 99, WALL_MS);
  assert.equal(follow.isOn(0, WALL_MS + 1_000), false);
  assert.equal(block[M.cuesOld], 3);
  follow.loggedIn(0);
  assert.equal(follow.isOn(0, WALL_MS + 1_000), false, "a document's stays");
  cue(follow, 0, 3, 1, WALL_MS);
  assert.equal(follow.isOn(0, WALL_MS + 1_000), true);

  const other = phones(1);
  cue(other.follow, 0, 0, 7, WALL_MS + 60_000);
  cue(other.follow, 0, 0, 1, WALL_MS + 50_000); // another host's own count
  assert.equal(other.follow.isOn(0, WALL_MS + 51_000), true);
  assert.equal(other.follow.isOn(0, WALL_MS + 1_000), false);
  other.follow.loggedIn(0);
  assert.equal(other.follow.isOn(0, WALL_MS + 1_000), true);
});

Deno.test("before any ping a phone counts down by the cue's own time, and only for its length", () => {
  const { follow } = phones(100);
  for (let user = 0; user < 100; user++) {
    cue(follow, user, 0, 1, WALL_MS + 20_000);
    const on = (ms: number) => follow.isOn(user, WALL_MS + ms);
    assert.deepEqual([on(19_990), on(20_010), on(29_990), on(30_010)], [false, true, true, false], `${user}`);
  }
});

Deno.test("a part of the users disobeys, decided by their ids", () => {
  const { follow } = phones(10_000, 0.3);
  let wild = 0;
  for (let user = 0; user < 10_000; user++) {
    cue(follow, user, 0, 1, WALL_MS + 60_000);
    policy(follow, user, { minShakeMs: 5_000 });
    follow.shaken(user, 1_000);
    const isWild = follow.isOn(user, WALL_MS);
    assert.equal(follow.waitMs(user, 1_001) === 0, isWild, "neither the one nor the other");
    if (isWild) wild++;
  }
  assert.ok(wild > 2_850 && wild < 3_150, `${wild} of 10,000`);
});
