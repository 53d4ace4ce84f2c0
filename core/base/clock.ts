/**
 * The one place that reads the machine's time. Everything else is given a {@linkcode Clock}, so that any run can be
 * replayed in the simulator. Loops read it once a pass and hand the readings down as arguments.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start, never going back: for waits, rates, release and latency. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch, may step: only for what is stored or sent. */
  wallMs(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** A clock that moves only when told to: for tests and the simulator. */
export class ManualClock implements Clock {
  #monotonicMs = 0;
  #wallMs: number;

  constructor(wallMs = 1_700_000_000_000) {
    this.#wallMs = wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  /** Lets time pass on both readings. */
  advance(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }

  /** Steps the wall reading alone, as an operator or NTP does. */
  stepWall(ms: number): void {
    this.#wallMs += ms;
  }
}

// Timers, too, are here alone, for control code on the main thread. Never for a loop, a SET or a plugin: those are told
// the time and ask for a tick, since what hangs on a timer can't be replayed.

/** Resolves after `ms` of real time. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Calls `call` once after `ms` of real time, unless the returned function is called before. */
export function after(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

/** Calls `call` again and again, `ms` of real time apart, until the returned function is called. */
export function every(ms: number, call: () => void): () => void {
  const timer = setInterval(call, ms);
  return () => clearInterval(timer);
}
