import { libc, PRIO_PROCESS, SCHED_IDLE, SCHED_OTHER, scheduleThread, whyNoLibc } from "./posix.ts";

/** As `nice -n 10`: about a tenth of the time of a thread that competes for the same core. */
const NICENESS = 10;

/**
 * Lets its thread stand back behind those that somebody waits for, where cores are short. Where libc can't be called it
 * stays as it is.
 */
export class Background {
  /** What the thread runs under, as far as it may be changed; undefined if it may not. */
  #policy: number | undefined;

  constructor() {
    if (whyNoLibc() !== null) return;
    // Out of the idle policy there is a way back only for those who may raise a priority: tried with the least harm.
    const mayReturn = libc().setpriority(PRIO_PROCESS, 0, -1) === 0;
    libc().setpriority(PRIO_PROCESS, 0, NICENESS);
    if (mayReturn) this.#policy = SCHED_OTHER;
  }

  /**
   * Unless its work is urgent, the thread gets what the others leave: the kernel counts a core that does nothing else as
   * idle, and wakes others on it at once. With niceness alone it lets them wait for each other on the other cores.
   */
  set isUrgent(isUrgent: boolean) {
    const policy = isUrgent ? SCHED_OTHER : SCHED_IDLE;
    if (this.#policy === undefined || this.#policy === policy) return;
    this.#policy = scheduleThread(policy) ? policy : undefined;
  }
}
