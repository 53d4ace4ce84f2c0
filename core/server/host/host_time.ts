import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { TRUTH_FILE } from "../../ledger/store/sqlite_store.ts";
import type { Clock } from "../../base/clock.ts";
import { EventTime, type EventTimeState } from "../../base/event_time.ts";
import type { PluginNotes } from "./plugin_notes.ts";

/** How often it is kept: a host that is killed lets its promises last so much longer at most. */
const KEEP_MS = 10_000;
/** No plugin has this name. */
const NOTE = "@time";

const stateSchema = z.strictObject({ eventMs: z.number(), graceUntilMs: z.number() });

/** The event time of a host, which lasts beside its ledger. */
export class HostTime {
  readonly #clock: Clock;
  readonly #notes: PluginNotes;
  readonly #time: EventTime;
  #nextKeepMs: number;

  /** @param lastDurableMs when the ledger last wrote, for one that never kept its time; undefined if it never wrote */
  constructor(clock: Clock, notes: PluginNotes, lastDurableMs: number | undefined) {
    this.#clock = clock;
    this.#notes = notes;
    const kept = stateSchema.safeParse(notes.read(NOTE));
    const before = lastDurableMs === undefined ? undefined : { eventMs: lastDurableMs, graceUntilMs: 0 };
    const nowMs = clock.monotonicMs();
    this.#time = new EventTime(nowMs, clock.wallMs(), kept.success ? kept.data : before);
    this.#nextKeepMs = nowMs;
  }

  /** Reads the clocks. */
  now(): EventTimeState & { readonly mayExpire: boolean } {
    const stepMs = this.#time.read(this.#clock.monotonicMs(), this.#clock.wallMs());
    if (stepMs !== 0) this.#nextKeepMs = 0;
    return { ...this.#time.state, mayExpire: this.#time.mayExpire };
  }

  /** Keeps it when that is due; returns the monotonic time of the next call. */
  turn(nowMs: number): number {
    this.now();
    if (nowMs >= this.#nextKeepMs) {
      this.#nextKeepMs = nowMs + KEEP_MS;
      this.#keep();
    }
    return this.#nextKeepMs;
  }

  close(): void {
    this.now();
    this.#keep();
  }

  #keep(): void {
    try {
      this.#notes.write(NOTE, this.#time.state);
    } catch {
      // A full disk is told of by the ledger. Kept late, promises last longer, and none is broken.
    }
  }
}

/** Wall time of the last row of a ledger, in ms; undefined if there is none that can be read now. */
export function lastRowMs(directory: string): number | undefined {
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(`${directory}/${TRUTH_FILE}`, { readOnly: true });
  } catch {
    return undefined;
  }
  try {
    return db.prepare("select at_ms from entry order by seq desc limit 1").get()?.at_ms as number | undefined;
  } catch {
    return undefined; // whoever opens it for writing says why
  } finally {
    db.close();
  }
}
