import { assert } from "../base/assert.ts";
import { BUCKET_COUNT } from "./histogram.ts";

/** A counter only grows; a gauge is a present value, which a sum over SETs makes sense of. */
export type MetricKind = "counter" | "gauge" | "histogram";

export interface MetricDefinition {
  readonly kind: MetricKind;
  /** One sentence with the unit, for people and for metric systems. */
  readonly help: string;
}

/**
 * Which metrics there are, and where each lies in a block. Made once at boot from all definitions, the same in every
 * thread; after that a metric is a number.
 */
export class MetricLayout {
  readonly definitions: Readonly<Record<string, MetricDefinition>>;
  /** Counters and gauges, in order of their handles. */
  readonly scalars: readonly string[];
  /** Histograms, in order of their handles. */
  readonly histograms: readonly string[];
  readonly #handles = new Map<string, number>();

  constructor(definitions: Record<string, MetricDefinition>) {
    this.definitions = definitions;
    const names = Object.keys(definitions);
    this.scalars = names.filter((name) => definitions[name].kind !== "histogram");
    this.histograms = names.filter((name) => definitions[name].kind === "histogram");
    for (const list of [this.scalars, this.histograms]) list.forEach((name, i) => this.#handles.set(name, i));
  }

  /** The number by which a metric is counted. */
  handle(name: string): number {
    const handle = this.#handles.get(name);
    assert(handle !== undefined, `metric ${name} is registered`);
    return handle;
  }

  /** Bytes of shared memory for `blocks` blocks. */
  bytes(blocks: number): number {
    const scalarBytes = 8 * this.scalars.length;
    const histogramBytes = 4 * BUCKET_COUNT * this.histograms.length;
    return blocks * (scalarBytes + histogramBytes);
  }
}

/** Where counters lie that several threads share, and which block of them is a thread's own. */
export interface CounterPlace {
  readonly metrics: Readonly<Record<string, MetricDefinition>>;
  readonly memory: SharedArrayBuffer;
  readonly blocks: number;
  readonly block: number;
}

/**
 * Blocks of plain numbers in shared memory, one a SET (or worker), each written by one thread only and read by the main
 * thread once a second. Reading a number that is just being written gives the old or the new one.
 */
export class Counters {
  readonly layout: MetricLayout;
  readonly blocks: number;
  readonly memory: SharedArrayBuffer;
  readonly #values: Float64Array;
  readonly #buckets: Uint32Array;

  constructor(layout: MetricLayout, blocks: number, memory = new SharedArrayBuffer(layout.bytes(blocks))) {
    this.layout = layout;
    this.blocks = blocks;
    this.memory = memory;
    const scalars = blocks * layout.scalars.length;
    this.#values = new Float64Array(memory, 0, scalars);
    this.#buckets = new Uint32Array(memory, scalars * 8);
  }

  /** Counters that another thread has made. */
  static at({ metrics, memory, blocks }: Omit<CounterPlace, "block">): Counters {
    return new Counters(new MetricLayout(metrics), blocks, memory);
  }

  /** The counters and gauges of one block, by handle. */
  block(index: number): Float64Array {
    const size = this.layout.scalars.length;
    return this.#values.subarray(index * size, (index + 1) * size);
  }

  /** The buckets of one histogram of one block. */
  histogram(index: number, handle: number): Uint32Array {
    const at = (index * this.layout.histograms.length + handle) * BUCKET_COUNT;
    return this.#buckets.subarray(at, at + BUCKET_COUNT);
  }

  /** A counter or gauge of one block, read without a view of the block: the main thread does that for every SET. */
  valueIn(index: number, name: string): number {
    return this.#values[index * this.layout.scalars.length + this.layout.handle(name)];
  }

  /** The sum of a counter or gauge over all blocks. */
  total(name: string): number {
    const handle = this.layout.handle(name);
    assert(this.layout.definitions[name].kind !== "histogram", `${name} is a number`);
    const size = this.layout.scalars.length;
    let sum = 0;
    for (let i = 0; i < this.blocks; i++) sum += this.#values[i * size + handle];
    return sum;
  }

  /** The sum of a histogram's buckets over all blocks, modulo 2^32. */
  mergedHistogram(name: string): Uint32Array {
    const handle = this.layout.handle(name);
    assert(this.layout.definitions[name].kind === "histogram", `${name} is a histogram`);
    const merged = new Uint32Array(BUCKET_COUNT);
    for (let i = 0; i < this.blocks; i++) {
      const buckets = this.histogram(i, handle);
      for (let k = 0; k < BUCKET_COUNT; k++) merged[k] += buckets[k];
    }
    return merged;
  }
}
