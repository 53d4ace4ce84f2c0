import process from "node:process";
import { after, type Clock } from "../time/clock.ts";
import type { Counters } from "./counters.ts";
import { type SparseHistogram, toSparse } from "./histogram.ts";

/** What one process did in one second, as it goes to every monitor, file and metric system. */
export interface Snapshot {
  readonly version: 1;
  readonly role: "server" | "client";
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
}

export interface ProcessUsage {
  readonly pid: number;
  /** CPU time in ms within the second. */
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  readonly rssBytes: number;
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

/** Snapshots that are kept for whoever asks later. */
const KEPT_SNAPSHOTS = 600;

/** Reads the counters once a second, on the second of the wall clock, and tells whoever subscribed. */
export class Series {
  readonly #role: Snapshot["role"];
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  readonly #kept: Snapshot[] = [];
  #lastTotals: Record<string, number> = {};
  #lastBuckets: Record<string, Uint32Array> = {};
  #lastCpu = process.cpuUsage();
  readonly #after: typeof after;
  #isRunning = false;
  #cancel: (() => void) | undefined;
  #lastSecond = 0;

  /** @param timer how it waits for the next second; tests hand in their own */
  constructor(role: Snapshot["role"], counters: Counters, clock: Clock, timer = after) {
    this.#role = role;
    this.#counters = counters;
    this.#clock = clock;
    this.#after = timer;
  }

  /** Begins to take a snapshot at every full second. */
  start(): void {
    this.#lastSecond = Math.floor(this.#clock.wallMs() / 1000);
    this.#isRunning = true;
    this.#schedule();
  }

  /** Takes no more snapshots; a listener may call it too. */
  stop(): void {
    this.#isRunning = false;
    this.#cancel?.();
  }

  /** Calls `listener` with every later snapshot, until the returned function is called. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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

  /** Takes the snapshot of the second that has just ended. Called by the timer; tests call it themselves. */
  take(second: number): Snapshot {
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
      process: this.#usage(),
    };
    this.#kept.push(snapshot);
    if (this.#kept.length > KEPT_SNAPSHOTS) this.#kept.shift();
    for (const listener of this.#listeners) listener(snapshot);
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

  #usage(): ProcessUsage {
    const cpu = process.cpuUsage();
    const usage = {
      pid: Deno.pid,
      cpuUserMs: (cpu.user - this.#lastCpu.user) / 1000,
      cpuSystemMs: (cpu.system - this.#lastCpu.system) / 1000,
      rssBytes: process.memoryUsage.rss(),
    };
    this.#lastCpu = cpu;
    return usage;
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
