import type { Clock } from "../../base/clock.ts";
import { EventTime, type EventTimeState } from "../../base/event_time.ts";

/** The event time of a host on its main thread. What it comes to is in the ledger's rows: see `durableTime`. */
export class HostTime {
  readonly #clock: Clock;
  readonly #time: EventTime;

  /** @param durable how far it had come with the ledger's last row; undefined if there is none */
  constructor(clock: Clock, durable: EventTimeState | undefined) {
    this.#clock = clock;
    this.#time = new EventTime(clock.monotonicMs(), clock.wallMs(), durable);
  }

  /** Reads the clocks. To be called in each turn of the main loop, so that a step is told from a pause. */
  now(): EventTimeState & { readonly mayExpire: boolean } {
    this.#time.read(this.#clock.monotonicMs(), this.#clock.wallMs());
    return { ...this.#time.state, mayExpire: this.#time.mayExpire };
  }
}
