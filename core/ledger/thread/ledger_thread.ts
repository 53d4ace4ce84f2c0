import { BackgroundThread } from "../../threads/background_thread.ts";
import { Waker } from "../../threads/waker.ts";
import { LedgerBoard } from "../ring/ledger_board.ts";
import type { OrderState } from "../record/order_state.ts";
import type { LedgerInit, LedgerReady, LedgerReport } from "./ledger_worker.ts";
import type { ProjectorInit, ProjectorReport } from "./projector_worker.ts";

/** What the main thread hears of the ledger besides answers. */
export type LedgerNews = Extract<LedgerReport, { type: "failing" | "mended" | "refused" }> | {
  readonly type: "projectionFailing";
  readonly reason: string;
};

/** How the ledger's threads are started. */
export interface LedgerThreadParts {
  readonly init: Omit<LedgerInit, "waker" | "board">;
  /** The projector's block of counters; a ledger in memory has no projector. */
  readonly projectorCounters: ProjectorInit["counters"];
  readonly start: (name: "ledger" | "projector") => Worker;
  readonly onNews: (news: LedgerNews) => void;
}

/** The ledger thread and its projector, from the main thread's side. */
export class LedgerThread {
  /** Used by producers after they have published entries. */
  readonly waker = new Waker();
  readonly board = new LedgerBoard();
  /** Resolves when it judges entries. */
  readonly ready: Promise<LedgerReady>;
  /** The first packet id that no mint has used; known once ready. */
  nextPacketId = 0;
  /** What operators had ordered before this start, and how far it came; known once ready. */
  orders: readonly OrderState[] = [];
  /** Why awards wait; undefined while they don't. */
  failure: string | undefined;

  readonly #parts: LedgerThreadParts;
  readonly #thread: Worker;
  readonly #stopped = Promise.withResolvers<void>();
  #projector: BackgroundThread<ProjectorReport> | undefined;
  #lastBeat = 0;
  #aliveAtMs = Infinity;

  constructor(parts: LedgerThreadParts) {
    this.#parts = parts;
    this.#thread = parts.start("ledger");
    const { promise, resolve } = Promise.withResolvers<LedgerReady>();
    this.ready = promise;
    this.#thread.onmessage = ({ data }: MessageEvent<LedgerReport>) => {
      if (data.type === "ready") this.#becomeReady(data);
      if (data.type === "ready") resolve(data);
      else this.#onReport(data);
    };
    const init: LedgerInit = {
      ...parts.init,
      waker: this.waker.words.buffer,
      board: this.board.memory,
    };
    this.#thread.postMessage(init);
  }

  /** Whether the thread's loop hasn't turned for longer than `limitMs`. */
  isSilent(nowMs: number, limitMs: number): boolean {
    const beat = this.board.heartbeat;
    if (beat !== this.#lastBeat || this.#aliveAtMs === Infinity) {
      this.#lastBeat = beat;
      this.#aliveAtMs = nowMs;
    }
    return nowMs - this.#aliveAtMs > limitMs;
  }

  /** Ends both threads, the ledger first: then the projector takes in its last rows. */
  async stop(): Promise<void> {
    this.board.stop();
    this.waker.wake();
    await this.#stopped.promise;
    await this.#projector?.stop();
  }

  #onReport(report: Exclude<LedgerReport, LedgerReady>): void {
    switch (report.type) {
      case "stopped":
        return this.#stopped.resolve();
      case "refused":
        return this.#parts.onNews(report);
      case "failing":
        this.failure = report.reason;
        return this.#parts.onNews(report);
      case "mended":
        this.failure = undefined;
        return this.#parts.onNews(report);
    }
  }

  /** The projector begins now: before, it would only take time from the start. */
  #becomeReady({ nextPacketId, orders }: LedgerReady): void {
    this.orders = orders;
    this.nextPacketId = nextPacketId;
    this.failure = undefined;
    const { store } = this.#parts.init;
    if (store === undefined) return;
    const init: Omit<ProjectorInit, "waker"> = { ...store, counters: this.#parts.projectorCounters };
    this.#projector = new BackgroundThread(
      this.#parts.start("projector"),
      init,
      (report: ProjectorReport) => {
        if (report.type === "failing") {
          this.#parts.onNews({ type: "projectionFailing", reason: report.reason });
        }
      },
    );
  }
}
