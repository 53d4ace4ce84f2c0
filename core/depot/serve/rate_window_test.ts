import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { RateWindow } from "./rate_window.ts";

/** The most that was granted in any second, wherever it begins, by comparing every grant with those before it. */
function mostInASecond(grants: readonly (readonly [ms: number, bytes: number])[]): number {
  let [most, sum, first] = [0, 0, 0];
  for (const [ms, bytes] of grants) {
    sum += bytes;
    while (grants[first][0] <= ms - 1_000) sum -= grants[first++][1];
    most = Math.max(most, sum);
  }
  return most;
}

Deno.test("no second has more than the cap, whoever asks when and for how much, and greed gets nearly all of it", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const cap = random.between(300_000, 50_000_000);
    const window = new RateWindow();
    const grants: [number, number][] = [];
    const isGreedy = seed % 2 === 0;
    let granted = 0;
    for (let ms = 0; ms < 8_000; ms += random.float() * 3) {
      const bytes = random.between(1, 32_768);
      if (!isGreedy && random.float() < 0.2) ms += random.float() * 1_500; // everybody pauses, and then all come
      while (window.take(ms, bytes, cap) === 0) {
        grants.push([ms, bytes]);
        granted += bytes;
      }
    }
    assert.ok(mostInASecond(grants) <= cap, `seed ${seed}: ${mostInASecond(grants)} of ${cap}`);
    if (isGreedy) assert.ok(granted > 0.9 * 8 * cap, `seed ${seed}: ${granted} of ${8 * cap}`);
  }
});

Deno.test("a cap that falls holds from the moment it falls, for what is granted then", () => {
  const window = new RateWindow();
  for (let ms = 0; ms < 1_000; ms++) window.take(ms, 1_000, 1_000_000);
  assert.ok(window.take(1_000, 1_000, 300_000) > 0, "the second has had more already");
  assert.equal(window.take(2_100, 1_000, 300_000), 0);
});
