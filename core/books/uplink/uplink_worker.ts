import { type Clock, systemClock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";
import { Random, systemSeed } from "../../base/random.ts";
import { Counters, type MetricDefinition, MetricLayout } from "../../counters/counters.ts";
import { LedgerBoard } from "../../ledger/ring/ledger_board.ts";
import { Background } from "../../os/background.ts";
import { closeThread, onParentMessage, postToParent } from "../../threads/thread.ts";
import { Waker } from "../../threads/waker.ts";
import type { Books } from "../contract/books.ts";
import { openBooks } from "../open/open_books.ts";
import { SourceRefused, TruthSource } from "./ledger_source.ts";
import { QuietWatch } from "./quiet_watch.ts";
import { type RefusalKind, Uplink, type UplinkHost, UplinkRefused } from "./uplink.ts";

/** What the uplink's thread is started with. */
export interface UplinkInit extends UplinkHost {
  readonly url: string;
  /** The ledger's directory. */
  readonly directory: string;
  /** The hash of the seed file that is given away, if one is. */
  readonly seedHash: string | undefined;
  readonly waker: SharedArrayBuffer;
  readonly ledgerBoard: SharedArrayBuffer;
  readonly counters: {
    readonly metrics: Record<string, MetricDefinition>;
    readonly memory: SharedArrayBuffer;
    readonly blocks: number;
    readonly block: number;
  };
}

/** Messages from the uplink's thread. */
export type UplinkReport =
  /** The books have been reached, for the first time or again; `rows` is where they stand. */
  | { readonly type: "reached"; readonly rows: number; readonly lagRows: number; readonly afterMs: number }
  /** They can't be; it is tried again. */
  | { readonly type: "away"; readonly reason: string }
  | { readonly type: "refused"; readonly kind: RefusalKind | "rows"; readonly reason: string }
  | { readonly type: "seedTaken"; readonly ledger: string; readonly host: number; readonly claimedMs: number }
  | { readonly type: "stopped"; readonly lagRows: number };

/** How long it rests after a failure, longer each time. */
const LEAST_REST_MS = 200;
const MOST_REST_MS = 5_000;
/** With rows that are older it no longer waits until nobody else wants its core. */
const URGENT_LAG_MS = 5_000;
/** How often it tells how far behind it is. */
const TELL_MS = 250;
/** How long the end of the host may wait for the books. */
const LAST_ROWS_MS = 5_000;

const report = (message: UplinkReport) => postToParent(message);

/** The life of the uplink's thread. Its message to end is the only one, and comes after the ledger's last row. */
export async function runUplinkWorker(init: UplinkInit): Promise<void> {
  const waker = new Waker(init.waker);
  const worker = new UplinkWorker(init, systemClock, new Random(systemSeed()));
  onParentMessage(() => {
    worker.hurry();
    waker.wake();
  });
  for (;;) {
    waker.awake();
    const restMs = await worker.turn();
    if (restMs === undefined) break;
    // Books in a file never wait: without a turn of the event loop nobody could end this.
    if (restMs === 0) await nextTurn();
    else await waker.sleep(restMs);
  }
  await worker.close();
  closeThread();
}

/** Keeps an uplink going whatever the books do: opens them, tells how it is, rests after failures. */
class UplinkWorker {
  readonly #init: UplinkInit;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #background = new Background();
  readonly #quiet: QuietWatch;
  readonly #values: Float64Array;
  readonly #h: Record<"rows" | "lagRows" | "lagMs" | "failures" | "refused", number>;
  readonly #startMs: number;
  #source: (TruthSource & Disposable) | undefined;
  #books: Books | undefined;
  #uplink: Uplink | undefined;
  #stopAtMs: number | undefined;
  #failures = 0;
  /** When the books went away, or the thread started; undefined while they are there. */
  #awaySinceMs: number | undefined;
  #told = "";
  #nextTellMs = -Infinity;
  #lagRows = 0;

  constructor(init: UplinkInit, clock: Clock, random: Random) {
    this.#init = init;
    this.#clock = clock;
    this.#random = random;
    this.#quiet = new QuietWatch(new LedgerBoard(init.ledgerBoard), clock);
    this.#startMs = this.#awaySinceMs = clock.monotonicMs();
    const { metrics, memory, blocks, block } = init.counters;
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
    this.#stopAtMs ??= this.#clock.monotonicMs() + LAST_ROWS_MS;
  }

  /** Does one thing; returns how long there is nothing to do, or undefined at the end. */
  async turn(): Promise<number | undefined> {
    const isEnding = this.#stopAtMs !== undefined;
    if (isEnding && this.#clock.monotonicMs() >= this.#stopAtMs!) return undefined;
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
      report({ type: "stopped", lagRows: this.#lagRows });
    }
  }

  async #open(): Promise<Uplink> {
    const { url, directory, host, name, seedHash } = this.#init;
    const source = this.#source ??= TruthSource.beside(directory);
    const { intake } = this.#books ??= await openBooks(url);
    return this.#uplink ??= new Uplink({
      host,
      name,
      intake,
      source,
      clock: this.#clock,
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
    const afterMs = Math.round(this.#clock.monotonicMs() - sinceMs);
    report({ type: "reached", rows: this.#uplink!.known!.seq, lagRows: this.#lagRows, afterMs });
  }

  /** Nothing that the books do, or that goes wrong here, may end the host: it is told once and tried again. */
  #failed(error: unknown): void {
    this.#failures++;
    this.#values[this.#h.failures]++;
    const reason = error instanceof Error ? error.message : String(error);
    const isRefused = error instanceof UplinkRefused || error instanceof SourceRefused;
    this.#values[this.#h.refused] = isRefused ? 1 : 0;
    this.#awaySinceMs ??= this.#clock.monotonicMs();
    if (reason === this.#told) return;
    this.#told = reason;
    if (!isRefused) report({ type: "away", reason });
    else report({ type: "refused", kind: error instanceof UplinkRefused ? error.kind : "rows", reason });
  }

  /** So that not all hosts come back in the same moment. */
  #restMs(): number {
    const restMs = Math.min(MOST_REST_MS, LEAST_REST_MS * 2 ** Math.min(this.#failures, 10));
    return restMs * (0.5 + this.#random.float() / 2);
  }

  #tell(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#nextTellMs || this.#source === undefined) return;
    this.#nextTellMs = nowMs + TELL_MS;
    const known = this.#uplink?.known?.seq;
    let lagMs = nowMs - this.#startMs;
    if (known !== undefined) {
      this.#lagRows = Math.max(0, this.#source.lastSeq() - known);
      const atMs = this.#lagRows === 0 ? undefined : this.#source.atMsAfter(known);
      lagMs = atMs === undefined ? 0 : Math.max(0, this.#clock.wallMs() - atMs);
    } else this.#lagRows = this.#source.lastSeq();
    this.#values[this.#h.lagRows] = this.#lagRows;
    this.#values[this.#h.lagMs] = Math.round(lagMs);
    this.#background.isUrgent = lagMs >= URGENT_LAG_MS && this.#awaySinceMs === undefined;
  }
}
