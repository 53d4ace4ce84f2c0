/** What a stall may be made up for at once, in ms. */
const CATCH_UP_MS = 20;

/** Lets a rate of connects pass, evenly; after a stall at most {@linkcode CATCH_UP_MS} of them at once. */
export class ConnectPace {
  /** When the next connect may start, in monotonic ms. */
  nextMs: number;
  readonly #intervalMs: number;

  /** @param perSecond connects a second, above 0 */
  constructor(perSecond: number, nowMs: number) {
    this.#intervalMs = 1000 / perSecond;
    this.nextMs = nowMs;
  }

  /** Whether one may start now; if so it is counted. */
  take(nowMs: number): boolean {
    if (this.nextMs > nowMs) return false;
    this.nextMs = Math.max(this.nextMs, nowMs - CATCH_UP_MS) + this.#intervalMs;
    return true;
  }
}
