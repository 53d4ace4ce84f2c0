/** Slots of the window that bounds what is admitted in any second. */
const SLOTS = 10;
const SLOT_MS = 100;
/**
 * Part of the rate at which the bucket fills. What a stall of the loop left unused is made up for within its burst, and
 * the rest to the whole rate is room for that.
 */
const PACE = 0.985;

/**
 * A SET's share of a host-wide rate. A bucket spreads what is admitted, and may make up for a stall; a window over the
 * last second holds the rate itself. The bucket is one number, the time at which it is full again (the generic cell
 * rate algorithm).
 */
export class RateShare {
  #perS = Infinity;
  #intervalMs = 0;
  #fullAtMs = 0;
  readonly #slots = new Float64Array(SLOTS);
  #slot = 0;
  #inWindow = 0;

  readonly #hasWindow: boolean;

  /** @param hasWindow whether any second is held to the rate; otherwise the bucket's burst may come on top */
  constructor(perS: number, hasWindow = true) {
    this.perS = perS;
    this.#hasWindow = hasWindow;
  }

  get perS(): number {
    return this.#perS;
  }

  set perS(perS: number) {
    this.#perS = perS;
    this.#intervalMs = 1000 / (perS * PACE);
  }

  /**
   * Takes one, if there is one.
   *
   * @param burstMs how far ahead of the rate whoever asks may be; who may be further ahead goes first when all want more
   */
  take(nowMs: number, burstMs: number): boolean {
    if (this.#perS === Infinity) return true;
    if (Math.floor(nowMs / SLOT_MS) !== this.#slot) this.#turn(nowMs);
    const fullAtMs = Math.max(this.#fullAtMs, nowMs) + this.#intervalMs;
    if (
      fullAtMs - nowMs > burstMs + this.#intervalMs || (this.#hasWindow && this.#inWindow + 1 > this.#perS)
    ) {
      return false;
    }
    this.#fullAtMs = fullAtMs;
    this.#slots[this.#slot % SLOTS]++;
    this.#inWindow++;
    return true;
  }

  /** When the next one will be there, in ms from now: what a refused one is told to wait. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#fullAtMs - nowMs);
  }

  #turn(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    for (let left = Math.min(SLOTS, slot - this.#slot); left > 0; left--) {
      this.#slot = slot - left + 1;
      this.#inWindow -= this.#slots[this.#slot % SLOTS];
      this.#slots[this.#slot % SLOTS] = 0;
    }
    this.#slot = slot;
  }
}
