import { Opcode, Opcode1, type PluginInstance, type SetContext } from "../../core/plugin/plugin.ts";
import type { ThrottleConfig } from "./mod.ts";

/** How much of its share of the host's cap a SET may use at once, in ms of it. */
const HOST_BURST_MS = 100;

/**
 * The half of `throttle` in a SET. Both caps are token buckets kept as one number each, the time at which the bucket
 * would be full again (the generic cell rate algorithm): admitting costs two additions and two comparisons.
 */
export class ThrottleSet implements PluginInstance {
  readonly #set: SetContext;
  /** By seat: when the connection's bucket is full again, in monotonic ms. */
  readonly #fullAtMs: Float64Array;
  readonly #intervalMs: number;
  readonly #burstMs: number;
  #hostFullAtMs = 0;
  #hostIntervalMs: number;
  readonly #m: { admitted: number; byConnection: number; byHost: number };

  constructor(set: SetContext, config: ThrottleConfig) {
    this.#set = set;
    this.#fullAtMs = new Float64Array(set.seats);
    this.#intervalMs = 1000 / config.connectionPerS;
    this.#burstMs = this.#intervalMs * config.connectionBurst;
    this.#hostIntervalMs = 1000 / (config.hostPerS / set.setCount);
    this.#m = {
      admitted: set.metric("throttleAdmitted"),
      byConnection: set.metric("throttleByConnection"),
      byHost: set.metric("throttleByHost"),
    };
  }

  admit(connection: number, opcode: number, nowMs: number): boolean {
    if (opcode !== Opcode.shakeRequest && opcode !== Opcode1.shake) return true;
    const seat = this.#set.seatOf(connection);
    const fullAtMs = Math.max(this.#fullAtMs[seat], nowMs) + this.#intervalMs;
    if (fullAtMs - nowMs > this.#burstMs) {
      this.#set.count(this.#m.byConnection);
      return false;
    }
    const hostFullAtMs = Math.max(this.#hostFullAtMs, nowMs) + this.#hostIntervalMs;
    if (hostFullAtMs - nowMs > HOST_BURST_MS + this.#hostIntervalMs) {
      this.#set.count(this.#m.byHost);
      return false;
    }
    this.#fullAtMs[seat] = fullAtMs;
    this.#hostFullAtMs = hostFullAtMs;
    this.#set.count(this.#m.admitted);
    return true;
  }

  onOpen(connection: number): void {
    this.#fullAtMs[this.#set.seatOf(connection)] = 0;
  }

  /** A new share of the host's cap, in shakes a second, times 1,000. */
  onMessage(words: Int32Array, at: number): void {
    this.#hostIntervalMs = 1_000_000 / Math.max(1, words[at] >>> 0);
  }
}
