import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { type CounterPlace, Counters, MetricLayout } from "../../counters/counters.ts";
import type { LedgerBoard } from "../../ledger/ring/ledger_board.ts";
import type { Books } from "../contract/books.ts";
import { type LedgerSource, SourceRefused } from "./ledger_source.ts";
import { QuietWatch } from "./quiet_watch.ts";
import { type RefusalKind, Uplink, type UplinkHost, UplinkRefused } from "./uplink.ts";

/** What an uplink tells its host. */
export type UplinkReport =
  /** The books have been reached, for the first time or again; `rows` is where they stand. */
  | { readonly type: "reached"; readonly rows: number; readonly lagRows: number; readonly afterMs: number }
  /** They can't be; it is tried again. */
  | { readonly type: "away"; readonly reason: string }
  | { readonly type: "refused"; readonly kind: RefusalKind | "rows"; readonly reason: string }
  | { readonly type: "seedTaken"; readonly ledger: string; readonly host: number; readonly claimedMs: number }
  | { readonly type: "stopped"; readonly lagRows: number };

/** The part of books that an uplink needs. */
export type UplinkBooks = Pick<Books, "intake" | "close">;

/** What an uplink is made of: where it reads and writes, which differs between the program and the simulator. */
export interface UplinkRunnerParts extends UplinkHost {
  openSource(): LedgerSource & Disposable;
  openBooks(): Promise<UplinkBooks>;
  /** The hash of the seed file that is given away, if one is. */
  readonly seedHash: string | undefined;
  readonly board: LedgerBoard;
  readonly counters: CounterPlace;
  readonly clock: Clock;
  readonly random: Random;
  report(message: UplinkReport): void;
  /** Whether it shall no longer wait until nobody else wants its core. */
  setUrgent(isUrgent: boolean): void;
}

/** How long it rests after a failure, longer each time. */
const LEAST_REST_MS = 200;
const MOST_REST_MS = 5_000;
/** With rows that are older it no longer waits until nobody else wants its core. */
const URGENT_LAG_MS = 5_000;
/** How often it tells how far behind it is. */
const TELL_MS = 250;
/** How long the end of the host may wait for the books. */
const LAST_ROWS_MS = 5_000;

/** Keeps an uplink going whatever the books do: opens them, tells how it is, rests after failures. */
export class UplinkRunner {
  readonly #parts: UplinkRunnerParts;
  readonly #quiet: QuietWatch;
  readonly #values: Float64Array;
  readonly #h: Record<"rows" | "lagRows" | "lagMs" | "failures" | "refused", number>;
  readonly #startMs: number;
  #source: (LedgerSource & Disposable) | undefined;
  #books: UplinkBooks | undefined;
  #uplink: Uplink | undefined;
  #stopAtMs: number | undefined;
  #failures = 0;
  /** When the books went away, or the thread started; undefined while they are there. */
  #awaySinceMs: number | undefined;
  #told = "";
  #nextTellMs = -Infinity;
  #lagRows = 0;

  constructor(parts: UplinkRunnerParts) {
    const { clock, board, counters: { metrics, memory, blocks, block } } = parts;
    this.#parts = parts;
    this.#quiet = new QuietWatch(board, clock);
    this.#startMs = this.#awaySinceMs = clock.monotonicMs();
    const layout = new MetricLayout(metrics);
    this.#values = new Counters(layout, blocks, memory).block(block);
    this.#h = {
      rows: layout.handle("uplinkRows"),
      lagRows: layout.handle("uplinkLagRows"),
      lagMs: layout.handle("uplinkLagMs"),
      failures: layout.handle("uplinkFailures"),
      refused: layout.handle("uplinkRefused"),
    };
  }

  /** The host ends: what is left goes at once, and nobody waits for it long. */
  hurry(): void {
    this.#stopAtMs ??= this.#parts.clock.monotonicMs() + LAST_ROWS_MS;
  }

  /** Does one thing; returns how long there is nothing to do, or undefined at the end. */
  async turn(): Promise<number | undefined> {
    const isEnding = this.#stopAtMs !== undefined;
    if (isEnding && this.#parts.clock.monotonicMs() >= this.#stopAtMs!) return undefined;
    try {
      const { rows, restMs } = await (await this.#open()).turn();
      this.#values[this.#h.rows] += rows;
      this.#values[this.#h.refused] = 0;
      this.#failures = 0;
      this.#tell();
      if (this.#awaySinceMs !== undefined) this.#reached(this.#awaySinceMs);
      if (isEnding && this.#uplink!.isCaughtUp) return undefined;
      return isEnding ? 0 : restMs;
    } catch (error) {
      this.#failed(error);
      this.#tell();
      return isEnding ? undefined : this.#restMs();
    }
  }

  async close(): Promise<void> {
    try {
      this.#nextTellMs = -Infinity;
      this.#tell();
      await this.#books?.close();
      this.#source?.[Symbol.dispose]();
    } finally {
      this.#parts.report({ type: "stopped", lagRows: this.#lagRows });
    }
  }

  async #open(): Promise<Uplink> {
    const { openSource, openBooks, host, name, seedHash, clock, report } = this.#parts;
    const source = this.#source ??= openSource();
    const { intake } = this.#books ??= await openBooks();
    return this.#uplink ??= new Uplink({
      host,
      name,
      intake,
      source,
      clock,
      quietMs: () => this.#quiet.quietMs(),
      isHurried: () => this.#stopAtMs !== undefined,
      ...(seedHash === undefined ? {} : {
        seedHash,
        onSeedTaken: ({ ledger, host, claimedMs }) => report({ type: "seedTaken", ledger, host, claimedMs }),
      }),
    });
  }

  #reached(sinceMs: number): void {
    this.#awaySinceMs = undefined;
    this.#told = "";
    const afterMs = Math.round(this.#parts.clock.monotonicMs() - sinceMs);
    this.#parts.report({ type: "reached", rows: this.#uplink!.known!.seq, lagRows: this.#lagRows, afterMs });
  }

  /** Nothing that the books do, or that goes wrong here, may end the host: it is told once and tried again. */
  #failed(error: unknown): void {
    this.#failures++;
    this.#values[this.#h.failures]++;
    const reason = error instanceof Error ? error.message : String(error);
    const isRefused = error instanceof UplinkRefused || error instanceof SourceRefused;
    this.#values[this.#h.refused] = isRefused ? 1 : 0;
    this.#awaySinceMs ??= this.#parts.clock.monotonicMs();
    if (reason === this.#told) return;
    this.#told = reason;
    if (!isRefused) this.#parts.report({ type: "away", reason });
    else {this.#parts.report({
        type: "refused",
        kind: error instanceof UplinkRefused ? error.kind : "rows",
        reason,
      });}
  }

  /** So that not all hosts come back in the same moment. */
  #restMs(): number {
    const restMs = Math.min(MOST_REST_MS, LEAST_REST_MS * 2 ** Math.min(this.#failures, 10));
    return restMs * (0.5 + this.#parts.random.float() / 2);
  }

  #tell(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs < this.#nextTellMs || this.#source === undefined) return;
    this.#nextTellMs = nowMs + TELL_MS;
    const known = this.#uplink?.known?.seq;
    let lagMs = nowMs - this.#startMs;
    if (known !== undefined) {
      this.#lagRows = Math.max(0, this.#source.lastSeq() - known);
      const atMs = this.#lagRows === 0 ? undefined : this.#source.atMsAfter(known);
      lagMs = atMs === undefined ? 0 : Math.max(0, this.#parts.clock.wallMs() - atMs);
    } else this.#lagRows = this.#source.lastSeq();
    this.#values[this.#h.lagRows] = this.#lagRows;
    this.#values[this.#h.lagMs] = Math.round(lagMs);
    this.#parts.setUrgent(lagMs >= URGENT_LAG_MS && this.#awaySinceMs === undefined);
  }
}
