/** A host whose clock is off by more than this by the consoles' word gives no packets. */
export const MAX_OFF_MS = 1_000;
/** How long an answer says something. */
const FRESH_MS = 30_000;

/** How a clock compares to the consoles'. */
export interface ClockReading {
  /** Above 0: it is behind. */
  readonly behindMs: number;
  readonly errorMs: number;
}

interface Sample extends ClockReading {
  readonly atMs: number;
}

/**
 * How far a host's wall clock is off, out of questions that went there and back: half of the way there and back is how
 * wrong each can be, so the quickest of the last ones counts, whichever path it took. It says that a clock is off only if
 * it must be, and that it is right again only if it is; who hears of no console isn't off.
 */
export class ClockCheck {
  #samples: Sample[] = [];
  #isOff = false;

  /**
   * @param sentMs monotonic times of question and answer
   * @param sentWallMs what the host's clock said in the question
   */
  add(sentMs: number, nowMs: number, sentWallMs: number, consoleMs: number): void {
    const roundMs = nowMs - sentMs;
    this.#samples.push({
      atMs: nowMs,
      behindMs: consoleMs - (sentWallMs + roundMs / 2),
      errorMs: roundMs / 2,
    });
  }

  /** The host's clock was stepped: what is known of it is of no use. */
  forget(): void {
    this.#samples = [];
  }

  /** The best of what was heard lately; undefined if nothing was. */
  reading(nowMs: number): ClockReading | undefined {
    this.#samples = this.#samples.filter(({ atMs }) => nowMs - atMs < FRESH_MS);
    if (this.#samples.length === 0) return undefined;
    const { behindMs, errorMs } = this.#samples.reduce((best, one) =>
      one.errorMs <= best.errorMs ? one : best
    );
    return { behindMs, errorMs };
  }

  isOff(nowMs: number): boolean {
    const reading = this.reading(nowMs);
    if (reading === undefined) return this.#isOff = false;
    const offMs = Math.abs(reading.behindMs);
    if (offMs - reading.errorMs > MAX_OFF_MS) this.#isOff = true;
    else if (offMs + reading.errorMs < MAX_OFF_MS) this.#isOff = false;
    return this.#isOff;
  }
}
