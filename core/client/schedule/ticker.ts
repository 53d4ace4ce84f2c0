import { type Schedule, userAt } from "./pacing.ts";

/** Walks a schedule tick by tick, in the order of time. Allocates nothing on its way. */
export class Ticker {
  /** When the next tick is due, in unix ms; `Infinity` at a rate of 0. */
  nextDueMs = Infinity;
  /** When the tick that {@linkcode take} returned last was due. */
  takenDueMs = 0;

  #schedule: Schedule;
  #second = 0;
  #tick = 0;
  #position = 0;

  /** @param unixMs the first tick is the first one due from here on */
  constructor(schedule: Schedule, unixMs: number) {
    this.#schedule = schedule;
    this.seek(unixMs);
  }

  get schedule(): Schedule {
    return this.#schedule;
  }

  /** Goes on by another schedule from `unixMs` on. */
  follow(schedule: Schedule, unixMs: number): void {
    this.#schedule = schedule;
    this.seek(unixMs);
  }

  /** Goes to the first tick that is due at `unixMs` or later; those in between are nobody's. */
  seek(unixMs: number): void {
    if (this.#schedule.qps === 0) {
      this.nextDueMs = Infinity;
      return;
    }
    this.#second = Math.floor(unixMs / 1000);
    this.#tick = this.#schedule.firstTickFrom(unixMs - this.#second * 1000);
    if (this.#tick === this.#schedule.qps) {
      this.#second++;
      this.#tick = 0;
    }
    const { total, positionStep } = this.#schedule;
    this.#position = (this.#schedule.firstPosition(this.#second) + this.#tick * positionStep) % total;
    this.nextDueMs = this.#schedule.dueMs(this.#second, this.#tick);
  }

  /** Steps over the next tick and returns its user. Ask {@linkcode nextDueMs} first. */
  take(): number {
    const schedule = this.#schedule;
    const user = userAt(this.#position, schedule.total);
    this.takenDueMs = this.nextDueMs;
    if (++this.#tick < schedule.qps) {
      this.#position += schedule.positionStep;
      if (this.#position >= schedule.total) this.#position -= schedule.total;
    } else {
      this.#second++;
      this.#tick = 0;
      this.#position = schedule.firstPosition(this.#second);
    }
    this.nextDueMs = schedule.dueMs(this.#second, this.#tick);
    return user;
  }
}
