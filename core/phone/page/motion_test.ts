import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { MotionDetector } from "./motion.ts";

const STEP_MS = 16;
const G = 9.81;

type Sample = readonly [x: number, y: number, z: number];

/** How many shakes a motion of so many seconds comes to. */
function shakes(seconds: number, motion: (ms: number) => Sample): number {
  const detector = new MotionDetector();
  let count = 0;
  for (let ms = 0; ms < seconds * 1000; ms += STEP_MS) if (detector.add(...motion(ms), ms)) count++;
  return count;
}

const wave = (ms: number, perS: number, size: number) => size * Math.sin(2 * Math.PI * perS * ms / 1000);

Deno.test("who shakes a phone to and fro shakes, about once in a second, whatever the axis", () => {
  for (const axis of [0, 1, 2]) {
    const motion = (ms: number): Sample => {
      const sample = [0.4, 3, G - 1];
      sample[axis] += wave(ms, 4, 22);
      return sample as unknown as Sample;
    };
    const count = shakes(10, motion);
    assert.ok(count >= 8 && count <= 14, `axis ${axis}: ${count}`);
  }
  assert.ok(shakes(10, (ms) => [wave(ms, 3, 18), 0, 0]) >= 8, "a sensor that leaves gravity out");
});

Deno.test("a walk with the phone in the hand, a turn of the hand and a phone on the table are no shakes", () => {
  const random = new Random(1);
  const noise = () => (random.float() - 0.5) * 1.5;
  // Two steps a second: the body's rise and fall, a heel's knock, and an arm that swings.
  const walk = (ms: number): Sample => [
    wave(ms, 1, 2) + noise(),
    wave(ms, 2, 3) + noise(),
    G + wave(ms, 2, 4) + (ms % 500 < 32 ? 4 : 0) + noise(),
  ];
  assert.equal(shakes(60, walk), 0);
  const turn = (ms: number): Sample => [wave(ms, 0.5, G), G * Math.cos(Math.PI * ms / 1000), 0];
  assert.equal(shakes(20, turn), 0, "a hand that turns over and back");
  assert.equal(shakes(20, () => [noise() / 5, noise() / 5, G]), 0);
});

Deno.test("a knock on the table, or a phone that is dropped on a sofa, is no shake", () => {
  const knock = (ms: number): Sample => {
    const since = ms % 3000;
    return [0, 0, G + (since < 16 ? 40 : since < 32 ? -35 : since < 48 ? 25 : 0)];
  };
  assert.equal(shakes(30, knock), 0);
  const drop = (ms: number): Sample => [0, 0, ms % 4000 < 300 ? 0 : ms % 4000 < 360 ? 45 : G];
  assert.equal(shakes(30, drop), 0);
});

Deno.test("after the phone slept the first sample is no swing", () => {
  const detector = new MotionDetector();
  for (let ms = 0; ms < 5_000; ms += 1_000) {
    assert.equal(detector.add(ms % 2_000 === 0 ? 30 : -30, 0, 0, ms), false);
  }
});
