import { Histogram, type SparseHistogram, toSparse } from "../counters/histogram.ts";
import type { Snapshot, Totals } from "../counters/series.ts";
import type { Reading } from "../rehearse/measure/measures.ts";

type Side = keyof Reading;

/** What all processes of one role have done in a window. */
class Sum {
  readonly counters: Record<string, number> = {};
  readonly histograms = new Map<string, Histogram>();
  /** The latest gauges of each process, by target. */
  readonly #gauges = new Map<string, Readonly<Record<string, number>>>();
  readonly #rssBytes = new Map<string, number>();
  cpuUserMs = 0;
  cpuSystemMs = 0;

  add(target: string, { deltas, histograms, gauges, process }: Snapshot): void {
    for (const [name, delta] of Object.entries(deltas)) {
      this.counters[name] = (this.counters[name] ?? 0) + delta;
    }
    for (const [name, buckets] of Object.entries(histograms)) {
      this.histograms.set(name, (this.histograms.get(name) ?? new Histogram()).add(buckets));
    }
    this.#gauges.set(target, gauges);
    this.#rssBytes.set(target, process.rssBytes);
    this.cpuUserMs += process.cpuUserMs;
    this.cpuSystemMs += process.cpuSystemMs;
  }

  get hasToldAnything(): boolean {
    return this.#gauges.size > 0;
  }

  totals(readAtMs: number): Totals {
    const gauges: Record<string, number> = {};
    for (const each of this.#gauges.values()) {
      for (const [name, value] of Object.entries(each)) gauges[name] = (gauges[name] ?? 0) + value;
    }
    const histograms = Object.fromEntries(
      [...this.histograms].map((
        [name, histogram],
      ): [string, SparseHistogram] => [name, toSparse(histogram.buckets)]),
    );
    return {
      readAtMs,
      counters: this.counters,
      gauges,
      histograms,
      cpuUserMs: this.cpuUserMs,
      cpuSystemMs: this.cpuSystemMs,
      rssBytes: [...this.#rssBytes.values()].reduce((sum, bytes) => sum + bytes, 0),
    };
  }
}

/** A window of some seconds over many processes: what they told of it, and what they didn't. */
export class Window {
  readonly #sums: Readonly<Record<Side, Sum>> = { server: new Sum(), client: new Sum() };
  /** Seconds of the window by target. */
  readonly #told = new Map<string, Set<number>>();

  /** @param first unix second, inclusive; @param last the same */
  constructor(readonly first: number, readonly last: number) {}

  get seconds(): number {
    return this.last - this.first + 1;
  }

  /** Takes in a second of a target if it is one of the window, and hasn't come before. */
  add(target: string, second: number, snapshot: Snapshot): void {
    if (second < this.first || second > this.last || snapshot.role === "gateway") return;
    const told = this.#told.get(target) ?? new Set();
    if (told.has(second)) return;
    this.#told.set(target, told.add(second));
    this.#sums[snapshot.role].add(target, snapshot);
  }

  /** Whether anybody on this side has told anything. */
  hasToldOf(side: Side): boolean {
    return this.#sums[side].hasToldAnything;
  }

  /** Seconds of which a target has told nothing. */
  missing(target: string): number {
    return this.seconds - (this.#told.get(target)?.size ?? 0);
  }

  /** Counters at both ends; those of the begin are 0. */
  readings(): { before: Reading; after: Reading } {
    const at = (sums: Readonly<Record<Side, Sum>>, second: number): Reading => ({
      server: sums.server.totals(second * 1_000),
      client: sums.client.totals(second * 1_000),
    });
    const before = at({ server: new Sum(), client: new Sum() }, this.first);
    return { before, after: at(this.#sums, this.last + 1) };
  }
}
