import { BooksAway } from "../books/contract/books_away.ts";
import type { PaymentResult } from "../books/account/payments.ts";
import type { PayerOptions } from "./payer.ts";

/** Results that are stored at a time. */
const MOST_AT_ONCE = 1_000;
const AWAY_MS = 500;
/** How long it tries at the end to store what is left, in ms; what isn't stored is asked about later. */
const LAST_MS = 20_000;

/** Stores what came of payments, many at a time: while one batch is being stored the next one gathers. */
export class ResultWriter {
  readonly #options: Pick<PayerOptions, "payments" | "sleep" | "onEvent" | "clock">;
  readonly #onContradiction: (packetIds: readonly number[]) => void;
  readonly #waiting: PaymentResult[] = [];
  #storing = 0;
  #isEnding = false;
  #added = Promise.withResolvers<void>();
  #stored = Promise.withResolvers<void>();

  constructor(options: PayerOptions, onContradiction: (packetIds: readonly number[]) => void) {
    this.#options = options;
    this.#onContradiction = onContradiction;
  }

  /** Results that aren't stored yet. */
  get size(): number {
    return this.#waiting.length + this.#storing;
  }

  add(result: PaymentResult): void {
    this.#waiting.push(result);
    this.#added.resolve();
  }

  /** Resolves when more has been stored. */
  changed(): Promise<void> {
    return this.#stored.promise;
  }

  /** Nothing more comes: `run` ends once all is stored. */
  end(): void {
    this.#isEnding = true;
    this.#added.resolve();
  }

  async run(): Promise<void> {
    while (!this.#isEnding || this.#waiting.length > 0) {
      if (this.#waiting.length === 0) {
        await this.#added.promise;
        this.#added = Promise.withResolvers();
        continue;
      }
      const batch = this.#waiting.splice(0, MOST_AT_ONCE);
      this.#storing = batch.length;
      const isStored = await this.#store(batch);
      this.#storing = 0;
      this.#stored.resolve();
      this.#stored = Promise.withResolvers();
      if (!isStored) return;
    }
  }

  /** False if the books stay away at the end. */
  async #store(batch: readonly PaymentResult[]): Promise<boolean> {
    const { payments, sleep, onEvent, clock } = this.#options;
    let endingSinceMs: number | undefined;
    for (;;) {
      try {
        const contradictions = await payments.finish(batch);
        if (contradictions.length > 0) this.#onContradiction(contradictions);
        return true;
      } catch (error) {
        if (!(error instanceof BooksAway)) throw error;
        onEvent?.({ kind: "booksAway", why: error.message });
        if (this.#isEnding) endingSinceMs ??= clock.monotonicMs();
        if (endingSinceMs !== undefined && clock.monotonicMs() - endingSinceMs > LAST_MS) return false;
        await sleep(AWAY_MS);
      }
    }
  }
}
