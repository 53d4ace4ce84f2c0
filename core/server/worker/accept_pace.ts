/** What a pause may be made up for at once, in ms. */
const CATCH_UP_MS = 20;

/** How many peers a worker may take now: its part of the host's accepts a second. */
export class AcceptPace {
  #left = 1;
  #atMs = 0;

  /** Peers that may be taken at `nowMs`, `Infinity` without a limit. Below 1, none. */
  allowed(nowMs: number, perS: number): number {
    if (perS === Infinity) return Infinity;
    const most = Math.max(1, perS * CATCH_UP_MS / 1000);
    this.#left = Math.min(most, this.#left + (nowMs - this.#atMs) * perS / 1000);
    this.#atMs = nowMs;
    return this.#left;
  }

  /** One was taken. */
  take(): void {
    this.#left--;
  }

  /** How soon the next one may be taken, in ms. */
  waitMs(perS: number): number {
    return perS === 0 ? Infinity : Math.max(1, (1 - this.#left) * 1000 / perS);
  }
}
