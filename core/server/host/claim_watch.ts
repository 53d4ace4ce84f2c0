import type { Log } from "../../cli/log.ts";
import type { MetricDefinition } from "../../counters/counters.ts";
import type { LedgerHead } from "../../ledger/chain/links.ts";
import { sleep } from "../../base/clock.ts";

/** How often each place is told what the ledger is. */
const NOTE_MS = 1_000;
/** How long a disk that doesn't answer may hold up the end. */
const LAST_NOTE_MS = 2_000;

export const CLAIM_METRICS: Readonly<Record<string, MetricDefinition>> = {
  claimMarksFailed: {
    kind: "counter",
    help: "Marks of what the ledger is that could not be written into one of the seed file's two claims",
  },
  claimMarkAgeMs: {
    kind: "gauge",
    help:
      "Milliseconds since a claim of the seed file last had what the ledger is; the host drains at --claim-seconds",
  },
};

/** One of the two places of a claim. */
export interface MarkedPlace {
  readonly path: string;
  /** Durable when it resolves; a failure may be tried again. */
  note(head: LedgerHead): Promise<void>;
}

export interface ClaimWatchParts {
  readonly places: readonly MarkedPlace[];
  /** What the ledger is now, durably; undefined before it is open. */
  head(): LedgerHead | undefined;
  /** How long no place may have been told: from then on a copy of the ledger could pass for it. */
  readonly doubtMs: number;
  readonly log: Log;
  count(metric: string, by: number): void;
  gauge(metric: string, value: number): void;
  /** Called once: no place could be told for `doubtMs`. */
  onDoubt(): void;
}

/**
 * Marks in a seed file's claims, once a second, what the ledger is, so that a copy of it is known. A disk that fails for a
 * while is counted, told once and tried again; the host goes on as long as one place knows. It never waits for a disk.
 */
export class ClaimWatch {
  readonly #parts: ClaimWatchParts;
  /** By place: why it fails; undefined while it doesn't. */
  readonly #failures: (string | undefined)[];
  #nextMs = -Infinity;
  #notedMs: number | undefined;
  #isDoubtful = false;
  /** The marks that were begun last, on their way or done. */
  #noting: Promise<void> = Promise.resolve();

  constructor(parts: ClaimWatchParts) {
    this.#parts = parts;
    this.#failures = parts.places.map(() => undefined);
  }

  /**
   * Does what is due; returns the monotonic time of the next call.
   *
   * @param mayAward whether the ledger takes awards at present; while it doesn't, there is nothing to mark
   */
  turn(nowMs: number, mayAward: boolean): number {
    // Before the first award the claims are just proven.
    if (!mayAward || this.#notedMs === undefined) this.#notedMs = nowMs;
    if (!mayAward) return nowMs + NOTE_MS;
    if (nowMs < this.#nextMs) return this.#nextMs;
    this.#nextMs = nowMs + NOTE_MS;
    this.#noting = this.#note(nowMs);
    const ageMs = nowMs - this.#notedMs;
    this.#parts.gauge("claimMarkAgeMs", Math.round(ageMs));
    if (ageMs >= this.#parts.doubtMs && !this.#isDoubtful) {
      this.#isDoubtful = true;
      this.#parts.onDoubt();
    }
    return this.#nextMs;
  }

  /** The last mark, after the ledger's last row; it waits for the one that is on its way. */
  async end(nowMs: number): Promise<void> {
    await Promise.race([this.#noting.then(() => this.#note(nowMs)), sleep(LAST_NOTE_MS)]);
  }

  /** Every place by itself: one whose disk hangs holds up no other. */
  async #note(nowMs: number): Promise<void> {
    const { places } = this.#parts;
    const head = this.#parts.head();
    if (head === undefined) return;
    await Promise.all(places.map((place, at) =>
      place.note(head).then(
        () => this.#onNoted(at, nowMs),
        (error) => this.#onFailure(at, error),
      )
    ));
  }

  #onNoted(at: number, nowMs: number): void {
    this.#notedMs = Math.max(this.#notedMs ?? nowMs, nowMs);
    if (this.#failures[at] === undefined) return;
    this.#failures[at] = undefined;
    this.#parts.log("info", "claim can be written again", { claim: this.#parts.places[at].path });
  }

  #onFailure(at: number, error: unknown): void {
    this.#parts.count("claimMarksFailed", 1);
    if (this.#failures[at] !== undefined) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#failures[at] = reason;
    this.#parts.log("error", "claim cannot be written", {
      claim: this.#parts.places[at].path,
      reason,
    });
  }
}
