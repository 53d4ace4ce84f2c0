/** A difference between the two clocks that is taken for a step of the wall clock, in ms. */
const STEP_MS = 100;
/** The wall clock reads whole ms, so that much is no drift. */
const READING_MS = 2;
/** How much of a drift is taken over in one pass. */
const DRIFT_SHARE = 1 / 64;

/**
 * Unix time that runs as evenly as the monotonic clock: schedules are on the wall clock, which all hosts share, but it
 * reads coarsely and may step.
 */
export class WallSchedule {
  /** Unix time of the last reading in ms, with fractions. */
  nowMs: number;
  /** How often the wall clock stepped. */
  steps = 0;
  #offsetMs: number;

  constructor(monotonicMs: number, wallMs: number) {
    this.#offsetMs = wallMs - monotonicMs;
    this.nowMs = wallMs;
  }

  /** Takes a reading of both clocks. Returns true if the wall clock has stepped: go on from the new time. */
  read(monotonicMs: number, wallMs: number): boolean {
    const errorMs = wallMs - monotonicMs - this.#offsetMs;
    const isStep = Math.abs(errorMs) > STEP_MS;
    if (isStep) this.steps++;
    if (isStep) this.#offsetMs += errorMs;
    else if (Math.abs(errorMs) > READING_MS) this.#offsetMs += errorMs * DRIFT_SHARE;
    this.nowMs = monotonicMs + this.#offsetMs;
    return isStep;
  }

  /** The monotonic time of a moment in unix ms. */
  toMonotonicMs(unixMs: number): number {
    return unixMs - this.#offsetMs;
  }
}
