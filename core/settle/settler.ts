import type { Clock } from "../base/clock.ts";
import type { AwardState } from "../books/account/award_state.ts";
import type { Books } from "../books/contract/books.ts";
import { BooksAway } from "../books/contract/books_away.ts";
import { PARTS } from "../books/contract/openings.ts";
import { type Watermark, watermarkOf } from "./watermark.ts";

/** How long it rests when there is nothing to judge, and when the books are away, in ms. */
const IDLE_MS = 500;
const AWAY_MS = 1_000;

export interface SettlerOptions {
  readonly books: Books;
  readonly clock: Clock;
  /** Openings that are judged at a time. */
  readonly batch: number;
  /** How long a silent host is waited for. */
  readonly patienceMs: number;
  /** Where among the parts it begins: settlers that begin elsewhere meet less. */
  readonly firstPart: number;
  /** Ends when nothing waits any more. */
  readonly isOnce: boolean;
  readonly isStopped: () => boolean;
  readonly wait: (ms: number) => Promise<void>;
  /** Told of each batch, and how far it may judge. */
  readonly onBatch?: (openings: number, watermark: Watermark) => void;
  /** Told of what the operator should see: the books are away, or back. */
  readonly onAway?: (error: BooksAway | undefined) => void;
}

/** What a settler has done. */
export interface SettlerSums {
  openings: number;
  again: number;
  readonly states: Map<AwardState, number>;
}

/** Judges openings as they ripen. Any number of settlers may be at work; whoever dies leaves nothing half done. */
export class Settler {
  readonly sums: SettlerSums = { openings: 0, again: 0, states: new Map() };
  readonly #options: SettlerOptions;
  #isAway = false;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /** Runs until it is stopped, or with `isOnce` until the queue is empty. */
  async run(): Promise<void> {
    const { isStopped, isOnce, wait, books, onAway = () => {} } = this.#options;
    while (!isStopped()) {
      try {
        const judged = await this.#pass();
        if (this.#isAway) onAway(undefined);
        this.#isAway = false;
        if (judged > 0) continue;
        if (isOnce && (await books.intake.queue()).openings === 0) return;
        await wait(IDLE_MS);
      } catch (error) {
        if (!(error instanceof BooksAway)) throw error;
        if (!this.#isAway) onAway(error);
        this.#isAway = true;
        await wait(AWAY_MS);
      }
    }
  }

  /** Judges in each part what is ripe now; returns how much that was. */
  async #pass(): Promise<number> {
    const { books, clock, patienceMs, batch, firstPart, isStopped, onBatch = () => {} } = this.#options;
    const watermark = watermarkOf(await books.intake.hosts(), clock.wallMs(), patienceMs);
    let judged = 0;
    let parts = Array.from({ length: PARTS }, (_, i) => (firstPart + i) % PARTS);
    while (parts.length > 0) {
      const full: number[] = [];
      for (const part of parts) {
        if (isStopped()) return judged;
        const settled = await books.settlement.settle(part, watermark.beforeS, batch);
        if (settled === undefined || settled.openings === 0) continue;
        if (settled.openings === batch) full.push(part);
        judged += settled.openings;
        this.sums.openings += settled.openings;
        this.sums.again += settled.again;
        for (const [state, count] of settled.states) {
          this.sums.states.set(state, (this.sums.states.get(state) ?? 0) + count);
        }
        onBatch(settled.openings, watermark);
      }
      parts = full;
    }
    return judged;
  }
}
