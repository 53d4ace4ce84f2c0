/** How long delays are gathered before anything is concluded from them. */
export const INTERVAL_MS = 100;
/** Intervals of one kind in a row before the level changes. */
const TO_READ_LESS = 3;
const TO_EMERGENCY = 20;
const TO_CALM = 5;
/** The limit follows the delay: cut to this part, or raised by this part. */
const CUT = 0.85;
const RAISE = 1.1;
/** Of what was admitted when the queue began to stand, the least that a limit leaves: refusing costs as much. */
const MIN_PART = 0.5;
/** A limit is never cut below this, in admitted a second. */
const MIN_PER_S = 50;
/** An interval tells of a queue that stands if this part of its requests waited too long; of calm, below this part. */
const STANDING_PART = 0.5;
const CALM_PART = 0.1;

/**
 * Follows the queueing delay after CoDel: bursts come and go, so only a queue that stands for a whole interval counts.
 * CoDel looks at the least delay of an interval; here most requests must have waited too long, since a loop that sleeps
 * for a moment finds its queue empty without being any faster. While a queue stands, what is admitted is cut in steps,
 * and the level goes up; it goes down when requests are fast and nothing was left unread.
 *
 * Knows nothing of frames: given delays and told of time, it says how much to admit and which level is due.
 */
export class DelayControl {
  /** 0 to the highest that may be set by measuring. */
  level = 0;
  /** Most that is admitted a second, `Infinity` without limit. */
  limitPerS = Infinity;
  readonly #targetMs: number;
  readonly #mostLevel: number;
  #seen = 0;
  #late = 0;
  #floorPerS = MIN_PER_S;
  #nextMs = 0;
  #standing = 0;
  #calm = 0;

  /** @param targetMs a queue that is never shorter than this stands */
  constructor(targetMs: number, mostLevel: number) {
    this.#targetMs = targetMs;
    this.#mostLevel = mostLevel;
  }

  /** A request waited so long at most. */
  observe(waitedMs: number): void {
    this.#seen++;
    if (waitedMs > this.#targetMs) this.#late++;
  }

  /** When the present interval is over. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /**
   * Ends an interval.
   *
   * @param admitted since the last call
   * @param hasLeft whether anything was left unread since then: a short delay proves nothing then
   */
  conclude(nowMs: number, admitted: number, hasLeft: boolean): void {
    const elapsedMs = Math.max(1, nowMs - (this.#nextMs - INTERVAL_MS));
    this.#nextMs = nowMs + INTERVAL_MS;
    const latePart = this.#seen === 0 ? 0 : this.#late / this.#seen;
    this.#seen = this.#late = 0;
    const isStanding = latePart > STANDING_PART;
    const isCalm = latePart < CALM_PART && !hasLeft;
    this.#standing = isStanding ? this.#standing + 1 : 0;
    this.#calm = isCalm ? this.#calm + 1 : 0;
    this.#follow(isStanding, admitted * 1000 / elapsedMs);
    if (isStanding) this.#raise();
    else if (this.#calm >= TO_CALM && this.level > 0) {
      this.level--;
      this.#calm = 0;
    }
  }

  #raise(): void {
    let due = 1;
    if (this.level >= 1 && this.#standing >= TO_READ_LESS) due = 2;
    if (this.level >= 2 && this.#standing >= TO_EMERGENCY) due = 3;
    this.level = Math.min(this.#mostLevel, Math.max(this.level, due));
  }

  #follow(isStanding: boolean, admittedPerS: number): void {
    if (this.#mostLevel === 0) return;
    if (isStanding) {
      if (this.limitPerS === Infinity) this.#floorPerS = Math.max(MIN_PER_S, admittedPerS * MIN_PART);
      this.limitPerS = Math.max(this.#floorPerS, Math.min(this.limitPerS, admittedPerS) * CUT);
    } else if (this.limitPerS !== Infinity) {
      this.limitPerS *= RAISE;
      // Far above what is asked for, it limits nothing: forget it.
      if (this.limitPerS > 4 * admittedPerS + MIN_PER_S && this.level === 0) this.limitPerS = Infinity;
    }
  }
}
