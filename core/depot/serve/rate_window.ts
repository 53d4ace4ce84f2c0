/** A second, in whole ms that a byte counts for. */
const WINDOW_MS = 1_000;
/** The second is filled evenly, but for so much. */
const SLACK_MS = 50;

/**
 * A cap that no second exceeds, wherever it begins: what was granted in the last second is known by the ms. A bucket of
 * tokens alone would let a second have its rate and the bucket besides.
 */
export class RateWindow {
  readonly #bytesAt = new Float64Array(WINDOW_MS + 1);
  #lastMs = -1;
  #inWindow = 0;
  /** Until when what was granted takes at the rate. */
  #busyUntilMs = -Infinity;

  /** Bytes that were granted in the second before `nowMs`. */
  granted(nowMs: number): number {
    this.#forget(Math.floor(nowMs));
    return this.#inWindow;
  }

  /** Grants some bytes, at most `bytesPerS`. Returns 0, or how long to wait before asking again, in ms. */
  take(nowMs: number, bytes: number, bytesPerS: number): number {
    const ms = Math.floor(nowMs);
    this.#forget(ms);
    const aheadMs = this.#busyUntilMs - nowMs - SLACK_MS;
    if (aheadMs > 0) return aheadMs;
    if (this.#inWindow + bytes > bytesPerS) return 1;
    this.#bytesAt[ms % this.#bytesAt.length] += bytes;
    this.#inWindow += bytes;
    this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs) + bytes / bytesPerS * 1000;
    return 0;
  }

  #forget(ms: number): void {
    const size = this.#bytesAt.length;
    // What was granted within a ms counts until the same ms of the next second is over.
    for (let old = Math.max(this.#lastMs + 1, ms - size + 1); old <= ms; old++) {
      this.#inWindow -= this.#bytesAt[old % size];
      this.#bytesAt[old % size] = 0;
    }
    this.#lastMs = Math.max(this.#lastMs, ms);
  }
}
