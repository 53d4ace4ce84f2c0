import type { HostContext, PluginControl } from "../../core/plugin/plugin.ts";
import type { ThrottleConfig } from "./mod.ts";

/** How often the host's cap is shared out anew. */
const SHARE_MS = 100;
/** Part of the cap that is shared evenly, so that a SET whose users begin to shake can serve them at once. */
const EVEN_PART = 0.1;
/** How much of a new measurement of demand counts. */
const SMOOTHING = 0.5;

/** The half of `throttle` on the main thread: gives each SET its share of the host's cap, by demand. */
export class ThrottleHost implements PluginControl {
  readonly #host: HostContext;
  readonly #hostPerS: number;
  readonly #seen: Float64Array;
  readonly #demand: Float64Array;
  readonly #word = new Int32Array(1);

  constructor(host: HostContext, config: ThrottleConfig) {
    this.#host = host;
    this.#hostPerS = config.hostPerS;
    this.#seen = new Float64Array(host.setCount);
    this.#demand = new Float64Array(host.setCount);
  }

  onTick(nowMs: number): number {
    let total = 0;
    for (let set = 0; set < this.#demand.length; set++) {
      const shakes = this.#host.valueOf(set, "throttleAdmitted") + this.#host.valueOf(set, "throttleByHost");
      this.#demand[set] += SMOOTHING * (shakes - this.#seen[set] - this.#demand[set]);
      this.#seen[set] = shakes;
      total += this.#demand[set];
    }
    // With nobody shaking the shares stay as they are, and the next look can wait for the first shake's second.
    if (total < 1) return nowMs + SHARE_MS * 5;
    const sets = this.#demand.length;
    for (let set = 0; set < sets; set++) {
      const part = EVEN_PART / sets + (1 - EVEN_PART) * this.#demand[set] / total;
      this.#word[0] = Math.min(0xffff_ffff, this.#hostPerS * part * 1000);
      this.#host.post(set, this.#word, 1);
    }
    return nowMs + SHARE_MS;
  }

  status(): Record<string, unknown> {
    return {
      hostPerS: this.#hostPerS,
      refusedByHost: this.#host.total("throttleByHost"),
      refusedByConnection: this.#host.total("throttleByConnection"),
    };
  }
}
