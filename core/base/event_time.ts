/** A wall clock that goes off by more than this against the monotonic one, from one look to the next, has stepped. */
const STEP_MS = 100;

/** What must outlive the process of an {@linkcode EventTime}. */
export interface EventTimeState {
  readonly eventMs: number;
  readonly graceUntilMs: number;
}

/**
 * Wall time as this host has seen it pass: the clock of all promises that the host itself has made. It goes on at the
 * pace of the wall clock, and nobody can jump it: a step of the wall clock is left out, and so is the time in which the
 * host was down. So what was promised for a day can be had for a day in which the host was there.
 *
 * Nothing else may decide whether a promise is over; and what others have dated (tokens, seed files, the begin of a wave)
 * is compared with the wall clock, never with this one.
 */
export class EventTime {
  #eventMs: number;
  #graceUntilMs: number;
  #nowMs: number;
  #wallMs: number;

  /** @param state how the last process left it; undefined: it begins as the wall clock is */
  constructor(nowMs: number, wallMs: number, state: EventTimeState | undefined) {
    this.#nowMs = nowMs;
    this.#wallMs = wallMs;
    this.#eventMs = state?.eventMs ?? wallMs;
    this.#graceUntilMs = state?.graceUntilMs ?? 0;
  }

  /** Takes in the present readings; returns by how much the wall clock has stepped since the last ones, 0 mostly. */
  read(nowMs: number, wallMs: number): number {
    const elapsedMs = nowMs - this.#nowMs;
    const stepMs = wallMs - this.#wallMs - elapsedMs;
    const hasStepped = Math.abs(stepMs) > STEP_MS;
    this.#nowMs = nowMs;
    this.#wallMs = wallMs;
    this.#eventMs += Math.max(0, hasStepped ? elapsedMs : elapsedMs + stepMs);
    if (!hasStepped) return 0;
    // What the step makes look late has had no time: it gets as much as the clock has skipped.
    if (stepMs > 0) this.#graceUntilMs = Math.max(this.#graceUntilMs, this.#eventMs) + stepMs;
    return stepMs;
  }

  /** In ms, as `unixMs` is. */
  get eventMs(): number {
    return Math.floor(this.#eventMs);
  }

  /** Whether something may end because a wall time that was planned for it has come. */
  get mayExpire(): boolean {
    return this.#eventMs >= this.#graceUntilMs;
  }

  get state(): EventTimeState {
    return { eventMs: this.eventMs, graceUntilMs: Math.floor(this.#graceUntilMs) };
  }
}
