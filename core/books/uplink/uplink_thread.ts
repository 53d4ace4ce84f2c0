import type { UplinkReport } from "./uplink_runner.ts";
import type { UplinkInit } from "./uplink_worker.ts";
import { booksPlace } from "../open/open_books.ts";
import type { Log } from "../../cli/log.ts";
import { BackgroundThread } from "../../threads/background_thread.ts";

/** The books of an event, as a host is told of them. */
export interface HostBooks {
  readonly url: string;
  /** The host's name there. */
  readonly name: string;
}

/** How long the end of the host waits for the thread, whatever it is doing: what is left goes at the next start. */
const STOP_MS = 7_000;

interface UplinkThreadParts {
  readonly init: Omit<UplinkInit, "waker">;
  readonly start: (name: "uplink") => Worker;
  readonly log: Log;
  /** Called at most once: nobody may go on to award from this ledger or this seed file. */
  readonly onTaken: (reason: string) => void;
}

/**
 * The thread that carries the ledger to the books, from the main thread's side. The host waits for it never, and goes on
 * whatever becomes of it.
 */
export class UplinkThread {
  readonly #parts: UplinkThreadParts;
  readonly #thread: BackgroundThread<UplinkReport>;
  readonly #place: string;
  #status: "starting" | "reached" | "away" | "refused" = "starting";
  #reason: string | undefined;
  #isTaken = false;

  constructor(parts: UplinkThreadParts) {
    this.#parts = parts;
    this.#place = booksPlace(parts.init.url);
    this.#thread = new BackgroundThread(
      parts.start("uplink"),
      parts.init,
      (report) => this.#onReport(report),
    );
  }

  /** What `status` shows. */
  get description(): Record<string, unknown> {
    const reason = this.#reason === undefined ? {} : { reason: this.#reason };
    return { place: this.#place, name: this.#parts.init.name, status: this.#status, ...reason };
  }

  /** After the ledger's last row: what the books lack goes there, if they take it soon. */
  stop(): Promise<void> {
    return this.#thread.stop(STOP_MS);
  }

  #onReport(report: UplinkReport): void {
    const { log } = this.#parts;
    const books = this.#place;
    switch (report.type) {
      case "reached": {
        const { rows, lagRows, afterMs } = report;
        this.#status = "reached";
        this.#reason = undefined;
        return log("info", "books reached", { books, rows, lagRows, afterMs });
      }
      case "away":
        this.#status = "away";
        this.#reason = report.reason;
        return log("warn", "books away: awards go on, and are carried later", {
          books,
          reason: report.reason,
        });
      case "refused":
        this.#status = "refused";
        this.#reason = report.reason;
        log("error", "books refuse this ledger", { books, kind: report.kind, reason: report.reason });
        if (report.kind === "adopted") this.#taken("another machine has adopted this ledger");
        return;
      case "seedTaken": {
        const { ledger, host, claimedMs } = report;
        const since = new Date(claimedMs).toISOString();
        log("error", "seed file is another ledger's in the books", { books, ledger, host, since });
        return this.#taken(
          `ledger ${ledger} (host number ${host}) gives the seed file's tickets away since ${since}`,
        );
      }
      case "stopped":
        if (report.lagRows > 0) {
          log("warn", "books lack rows: they are carried at the next start", {
            books,
            lagRows: report.lagRows,
          });
        }
    }
  }

  #taken(reason: string): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#parts.onTaken(reason);
  }
}
