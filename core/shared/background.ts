import { libc, PRIO_PROCESS, whyNoLibc } from "../engine/posix.ts";

/** As `nice -n 10`: about a tenth of the time of a thread that competes for the same core. */
const NICENESS = 10;

/**
 * Lets this thread stand back behind those that somebody waits for, where cores are short. On Linux priorities are of
 * threads, whatever POSIX says. Where libc can't be called it stays as it is.
 */
export function standBack(): void {
  if (whyNoLibc() === null) libc().setpriority(PRIO_PROCESS, 0, NICENESS);
}
