import process from "node:process";
import { after, type Clock } from "../base/clock.ts";
import type { Counters } from "./counters.ts";
import { type SparseHistogram, toSparse } from "./histogram.ts";
import { type ProcessUsage, UsageMeter } from "./process_usage.ts";

export type { ProcessUsage } from "./process_usage.ts";

/** Something that an operator had a process do, by its API. */
export interface AdminAction {
  /** Wall time in unix ms. */
  readonly atMs: number;
  /** What, such as `rate qps 2000`. */
  readonly text: string;
  /** Who, if they said so. */
  readonly who: string;
  /** The monitor that shows it anyway, empty if it came from none. */
  readonly markedBy: string;
}

/** What one process did in one second, as it goes to every monitor, file and metric system. */
export interface Snapshot {
  readonly version: 1;
  readonly role: "server" | "client" | "gateway";
  /** The unix second that ended when this was taken; a late reading says how late by `readAtMs`. */
  readonly second: number;
  /** Wall time of the reading in unix ms. */
  readonly readAtMs: number;
  /** What each counter grew by. */
  readonly deltas: Record<string, number>;
  /** Each counter since the start of the process. */
  readonly totals: Record<string, number>;
  readonly gauges: Record<string, number>;
  /** What each histogram grew by; percentiles are for whoever shows them. */
  readonly histograms: Record<string, SparseHistogram>;
  /** Every gauge by block (SET or worker). */
  readonly blocks: Record<string, number[]>;
  readonly process: ProcessUsage;
  /** Of a server: connections by client host, those with most first; what has no place is `others`. */
  readonly clientHosts?: readonly (readonly [host: string, connections: number])[];
  /** What operators had it do since the last one; absent if nothing. */
  readonly actions?: readonly AdminAction[];
  /** The process ends with this one, which holds what came after the last full second. */
  readonly isLast?: true;
}

/** Everything since the start, for exact differences between two moments. */
export interface Totals {
  readonly readAtMs: number;
  readonly counters: Record<string, number>;
  readonly gauges: Record<string, number>;
  readonly histograms: Record<string, SparseHistogram>;
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  readonly rssBytes: number;
}

interface Listener {
  readonly listener: (snapshot: Snapshot) => void;
  readonly onEnd: (() => void) | undefined;
}

/** Snapshots that are kept for whoever asks later. */
const KEPT_SNAPSHOTS = 600;
/** Actions that a snapshot tells; of more within a second the log knows. */
const MOST_ACTIONS = 20;

/** Reads the counters once a second, on the second of the wall clock, and tells whoever subscribed. */
export class Series {
  readonly #role: Snapshot["role"];
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #listeners = new Set<Listener>();
  readonly #kept: Snapshot[] = [];
  /** Who is connected, for a process that knows. */
  clientHosts: (() => NonNullable<Snapshot["clientHosts"]>) | undefined;
  /** Sets gauges that are read elsewhere, for a process that has such; called before each snapshot. */
  beforeTaking: (() => void) | undefined;
  readonly #actions: AdminAction[] = [];
  #lastTotals: Record<string, number> = {};
  #lastBuckets: Record<string, Uint32Array> = {};
  readonly #usage: UsageMeter;
  readonly #after: typeof after;
  #isRunning = false;
  #cancel: (() => void) | undefined;
  #endWatch: (() => void) | undefined;
  #lastSecond = 0;

  /** @param timer how it waits for the next second; tests hand in their own */
  constructor(role: Snapshot["role"], counters: Counters, clock: Clock, timer = after) {
    this.#role = role;
    this.#counters = counters;
    this.#clock = clock;
    this.#after = timer;
    this.#usage = new UsageMeter(clock);
  }

  /** Begins to take a snapshot at every full second. */
  start(): void {
    this.#lastSecond = Math.floor(this.#clock.wallMs() / 1000);
    this.#isRunning = true;
    this.#endWatch = this.#usage.start();
    this.#schedule();
  }

  /** Takes no more snapshots; a listener may call it too. */
  stop(): void {
    this.#isRunning = false;
    this.#cancel?.();
    this.#endWatch?.();
  }

  /**
   * Takes a last snapshot of the second under way, so that whoever adds them up has everything, and tells all listeners
   * that it was the last. Called when nothing counts any more.
   */
  finish(): void {
    if (!this.#isRunning) return;
    this.stop();
    this.take(Math.floor(this.#clock.wallMs() / 1000), true);
    for (const { onEnd } of [...this.#listeners]) onEnd?.();
    this.#listeners.clear();
  }

  /**
   * Calls `listener` with every later snapshot, until the returned function is called.
   *
   * @param onEnd called after the last snapshot of the process
   */
  subscribe(listener: (snapshot: Snapshot) => void, onEnd?: () => void): () => void {
    const entry: Listener = { listener, onEnd };
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  /** An operator had the process do something: the next snapshot tells of it. */
  note(action: Omit<AdminAction, "atMs">): void {
    if (this.#actions.length < MOST_ACTIONS) {
      this.#actions.push({ atMs: Math.round(this.#clock.wallMs()), ...action });
    }
  }

  /** The latest snapshots, oldest first. */
  get kept(): readonly Snapshot[] {
    return this.#kept;
  }

  /** Everything since the start, read now. */
  totals(): Totals {
    const { layout } = this.#counters;
    const cpu = process.cpuUsage();
    const histograms: Record<string, SparseHistogram> = {};
    for (const name of layout.histograms) histograms[name] = toSparse(this.#counters.mergedHistogram(name));
    return {
      readAtMs: this.#clock.wallMs(),
      counters: this.#scalars("counter"),
      gauges: this.#scalars("gauge"),
      histograms,
      cpuUserMs: cpu.user / 1000,
      cpuSystemMs: cpu.system / 1000,
      rssBytes: process.memoryUsage.rss(),
    };
  }

  /** What the process has used since its start. */
  processTotals(): { role: Snapshot["role"]; cpuMs: number; rssBytes: number } {
    const { user, system } = process.cpuUsage();
    return { role: this.#role, cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() };
  }

  /** Takes the snapshot of the second that has just ended. Called by the timer; tests call it themselves. */
  take(second: number, isLast = false): Snapshot {
    this.beforeTaking?.();
    const { layout } = this.#counters;
    const totals = this.#scalars("counter");
    const deltas: Record<string, number> = {};
    for (const name in totals) deltas[name] = totals[name] - (this.#lastTotals[name] ?? 0);
    const histograms: Record<string, SparseHistogram> = {};
    for (const name of layout.histograms) {
      const buckets = this.#counters.mergedHistogram(name);
      histograms[name] = toSparse(buckets, this.#lastBuckets[name]);
      this.#lastBuckets[name] = buckets;
    }
    this.#lastTotals = totals;
    const snapshot: Snapshot = {
      version: 1,
      role: this.#role,
      second,
      readAtMs: this.#clock.wallMs(),
      deltas,
      totals,
      gauges: this.#scalars("gauge"),
      histograms,
      blocks: this.#gaugesByBlock(),
      process: this.#usage.read(),
      ...(this.clientHosts === undefined ? {} : { clientHosts: this.clientHosts() }),
      ...(this.#actions.length === 0 ? {} : { actions: this.#actions.splice(0) }),
      ...(isLast ? { isLast } : {}),
    };
    this.#kept.push(snapshot);
    if (this.#kept.length > KEPT_SNAPSHOTS) this.#kept.shift();
    for (const { listener } of this.#listeners) listener(snapshot);
    return snapshot;
  }

  #scalars(kind: "counter" | "gauge"): Record<string, number> {
    const { layout } = this.#counters;
    const values: Record<string, number> = {};
    for (const name of layout.scalars) {
      if (layout.definitions[name].kind === kind) values[name] = this.#counters.total(name);
    }
    return values;
  }

  #gaugesByBlock(): Record<string, number[]> {
    const { layout, blocks } = this.#counters;
    const values: Record<string, number[]> = {};
    for (const name of layout.scalars) {
      if (layout.definitions[name].kind !== "gauge") continue;
      const handle = layout.handle(name);
      values[name] = Array.from({ length: blocks }, (_, i) => this.#counters.block(i)[handle]);
    }
    return values;
  }

  #schedule(): void {
    const now = this.#clock.wallMs();
    this.#cancel = this.#after(1000 - (now % 1000) + 1, () => {
      const second = Math.floor(this.#clock.wallMs() / 1000) - 1;
      // A timer may fire a moment early, and the wall clock may step back: a second is taken once.
      if (second >= this.#lastSecond) {
        this.#lastSecond = second + 1;
        this.take(second);
      } else if (second < this.#lastSecond - 2) this.#lastSecond = second + 1;
      if (this.#isRunning) this.#schedule();
    });
  }
}
