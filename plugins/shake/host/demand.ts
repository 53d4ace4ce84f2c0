import type { HostContext } from "../../../core/plugin/plugin.ts";
import { MAX_LEASED } from "../common/messages.ts";

/** Half-life of what counts as recent demand: a SET whose users shook in the last seconds is dealt something. */
const HALF_LIFE_MS = 2_000;
/** Demand below this is nobody. A single shake stays above it for about 13 s. */
const MIN_DEMAND = 0.01;

/** How much each SET's users shook in the last seconds, and dealing something over the SETs in proportion to that. */
export class Demand {
  readonly #host: HostContext;
  readonly #metrics: readonly string[];
  /** By SET: shakes seen so far, recent demand, and a share owed to it. */
  readonly #seen: Float64Array;
  readonly #demand: Float64Array;
  readonly #credit: Float64Array;
  #lastMs = 0;

  /** @param metrics counters of the shakes that count as demand */
  constructor(host: HostContext, metrics: readonly string[]) {
    this.#host = host;
    this.#metrics = metrics;
    this.#seen = new Float64Array(host.setCount);
    this.#demand = new Float64Array(host.setCount);
    this.#credit = new Float64Array(host.setCount);
  }

  measure(nowMs: number): void {
    const decay = 0.5 ** ((nowMs - this.#lastMs) / HALF_LIFE_MS);
    this.#lastMs = nowMs;
    for (let set = 0; set < this.#demand.length; set++) {
      let shakes = 0;
      for (const metric of this.#metrics) shakes += this.#host.valueOf(set, metric);
      this.#demand[set] = this.#demand[set] * decay + shakes - this.#seen[set];
      this.#seen[set] = shakes;
    }
  }

  /**
   * Deals what there is; with no demand anywhere it stays.
   *
   * @param lease gives so many to a SET, or fewer; returns how many
   */
  deal(available: number, lease: (set: number, wanted: number) => number): void {
    let total = 0;
    for (let set = 0; set < this.#demand.length; set++) if (this.#wants(set)) total += this.#demand[set];
    if (total === 0) return;
    let left = available;
    let largest = -1;
    for (let set = 0; set < this.#demand.length; set++) {
      if (!this.#wants(set)) {
        this.#credit[set] = 0;
        continue;
      }
      this.#credit[set] = Math.min(MAX_LEASED, this.#credit[set] + available * this.#demand[set] / total);
      const whole = Math.floor(this.#credit[set]);
      if (whole > 0) left -= this.#lease(set, whole, lease);
      if (largest < 0 || this.#credit[set] > this.#credit[largest]) largest = set;
    }
    // Fractions add up over time; whoever is owed most has the last one now.
    if (left > 0 && largest >= 0) this.#lease(largest, 1, lease);
  }

  #lease(set: number, wanted: number, lease: (set: number, wanted: number) => number): number {
    const leased = lease(set, wanted);
    this.#credit[set] -= leased;
    return leased;
  }

  #wants(set: number): boolean {
    return this.#demand[set] >= MIN_DEMAND && this.#host.usersOf(set) > 0;
  }
}
