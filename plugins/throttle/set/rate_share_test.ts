import assert from "node:assert/strict";
import { RateShare } from "./rate_share.ts";

Deno.test("no second has more than the rate, and a steady crowd gets nearly all of it", () => {
  const share = new RateShare(1_000);
  const admitted: number[] = [];
  for (let ms = 0; ms < 10_000; ms++) {
    let now = 0;
    for (let i = 0; i < 10; i++) if (share.take(ms, 100)) now++;
    admitted.push(now);
  }
  let inSecond = 0;
  for (let ms = 0; ms < admitted.length; ms++) {
    inSecond += admitted[ms] - (ms >= 1_000 ? admitted[ms - 1_000] : 0);
    assert.ok(inSecond <= 1_000 + 1, `${inSecond} in the second up to ${ms} ms`);
    if (ms >= 2_000) assert.ok(inSecond >= 950, `${inSecond} in the second up to ${ms} ms`);
  }
});

Deno.test("what a stall left unused is made up for, within the rate", () => {
  const share = new RateShare(1_000);
  let admitted = 0;
  for (let ms = 0; ms < 3_000; ms += ms % 500 === 0 ? 80 : 1) {
    for (let i = 0; i < 100; i++) if (share.take(ms, 100)) admitted++;
  }
  assert.ok(admitted >= 2_850 && admitted <= 3_100, `${admitted} in 3 s`);
});

Deno.test("who may be less ahead of the rate is shed first", () => {
  const share = new RateShare(1_000);
  let [low, high] = [0, 0];
  for (let ms = 0; ms < 3_000; ms++) {
    for (let i = 0; i < 5; i++) {
      if (share.take(ms, 40)) low++;
      if (share.take(ms, 100)) high++;
    }
  }
  assert.ok(high > 2_800 && low < 100, `${low} low, ${high} high`);
});
