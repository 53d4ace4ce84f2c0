import type { Clock } from "../../base/clock.ts";
import { WallSchedule } from "../schedule/wall_schedule.ts";

/** The clocks of a fleet, as they were read last: in a long turn that is later than the readings of the pass. */
export class FleetClock {
  /** Monotonic. */
  nowMs: number;
  readonly wall: WallSchedule;
  readonly #clock: Clock;
  readonly #onStep: () => void;

  /** @param onStep the wall clock has stepped: what is on it goes on from the new time */
  constructor(clock: Clock, onStep: () => void) {
    this.#clock = clock;
    this.#onStep = onStep;
    this.nowMs = clock.monotonicMs();
    this.wall = new WallSchedule(this.nowMs, clock.wallMs());
  }

  read(): void {
    this.nowMs = this.#clock.monotonicMs();
    if (this.wall.read(this.nowMs, this.#clock.wallMs())) this.#onStep();
  }

  /** Whether this moment has come by now, whatever was read last. */
  isPast(monotonicMs: number): boolean {
    return this.#clock.monotonicMs() >= monotonicMs;
  }
}
