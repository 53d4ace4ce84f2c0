/** A step of the wall clock against the monotonic one that matters, in ms. */
const STEP_MS = 100;

/**
 * Says what is past by the wall clock. A clock that is set forward expires nothing for as long as it was set; one that
 * is set back makes nothing return twice, since the ledger knows what has returned.
 */
export class DeadlineClock {
  #offsetMs = NaN;
  #graceUntilMs = -Infinity;

  /** The pass's two readings, before anything is asked. */
  read(unixMs: number, nowMs: number): void {
    const offsetMs = unixMs - nowMs;
    const stepMs = offsetMs - this.#offsetMs;
    if (stepMs > STEP_MS) this.#graceUntilMs = nowMs + stepMs;
    if (!(Math.abs(stepMs) <= STEP_MS)) this.#offsetMs = offsetMs;
  }

  isPast(deadlineMs: number, unixMs: number, nowMs: number): boolean {
    this.read(unixMs, nowMs);
    return unixMs >= deadlineMs && nowMs >= this.#graceUntilMs;
  }
}
