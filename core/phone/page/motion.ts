/** Finds shakes of a phone in what its motion sensor says. */

/** Faster than this is a swing, in m/s². A walk stays below 7, a phone that is shaken on purpose comes to 20 and more. */
const SWING = 13;
/** Swings to and fro that make a shake, and the time within which they must come. */
const SWINGS = 3;
const SWINGS_MS = 900;
/** The least time between two swings: a knock rings faster than a hand can turn round. */
const TURN_MS = 45;
/** Who goes on shaking shakes once in this time. */
const REST_MS = 700;
/** How fast the mean follows: what changes more slowly is gravity, or a turn of the hand. */
const MEAN_MS = 400;
/** After a gap the sensor begins anew. */
const GAP_MS = 500;

/** Takes samples of an acceleration, with or without gravity, and says when a shake is complete. */
export class MotionDetector {
  readonly #mean = [0, 0, 0];
  /** Of the last swing. */
  readonly #way = [0, 0, 0];
  #lastMs = -Infinity;
  #lastSwingMs = -Infinity;
  #firstSwingMs = -Infinity;
  #swings = 0;
  #lastShakeMs = -Infinity;

  /**
   * @param nowMs monotonic time of the sample
   * @returns whether a shake is complete with it
   */
  add(x: number, y: number, z: number, nowMs: number): boolean {
    const sample = [x, y, z];
    const elapsedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (!(elapsedMs < GAP_MS)) {
      sample.forEach((value, axis) => this.#mean[axis] = value);
      this.#swings = 0;
      return false;
    }
    const part = 1 - Math.exp(-elapsedMs / MEAN_MS);
    let square = 0;
    let along = 0;
    for (let axis = 0; axis < 3; axis++) {
      this.#mean[axis] += (sample[axis] - this.#mean[axis]) * part;
      sample[axis] -= this.#mean[axis];
      square += sample[axis] ** 2;
      along += sample[axis] * this.#way[axis];
    }
    if (square < SWING ** 2) return false;
    const isFresh = this.#swings === 0 || nowMs - this.#firstSwingMs > SWINGS_MS;
    // The same swing goes on, or it is a knock.
    if (!isFresh && (along > 0 || nowMs - this.#lastSwingMs < TURN_MS)) return false;
    sample.forEach((value, axis) => this.#way[axis] = value);
    this.#lastSwingMs = nowMs;
    if (isFresh) {
      this.#firstSwingMs = nowMs;
      this.#swings = 1;
      return false;
    }
    if (++this.#swings < SWINGS || nowMs - this.#lastShakeMs < REST_MS) return false;
    this.#swings = 0;
    this.#lastShakeMs = nowMs;
    return true;
  }
}
