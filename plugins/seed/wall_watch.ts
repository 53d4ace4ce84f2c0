/** A wall clock that goes off by more than this from one look to the next has stepped. */
const STEP_MS = 100;

/** Notices steps of the wall clock, by the clock that never steps. */
export class WallWatch {
  #offsetMs = NaN;
  /** Until this monotonic time nothing expires. */
  #graceUntilMs = -Infinity;

  /** Looks at both clocks. Returns by how much the wall clock has stepped since the last look, 0 mostly. */
  look(nowMs: number, wallMs: number): number {
    const offsetMs = wallMs - nowMs;
    const stepMs = offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    if (Number.isNaN(stepMs) || Math.abs(stepMs) <= STEP_MS) return 0;
    // What a step makes look late has had no time: it gets as much as the clock has skipped.
    if (stepMs > 0) this.#graceUntilMs = Math.max(this.#graceUntilMs, nowMs) + stepMs;
    return stepMs;
  }

  /** Whether something may expire now, because its wall time has come. */
  mayExpire(nowMs: number): boolean {
    return nowMs >= this.#graceUntilMs;
  }
}
