/**
 * A mistake of the person at the command line, or of their machine: shown as its message alone, without a stack trace.
 * The message says what is wrong and what to do.
 */
export class UserError extends Error {
  override name = "UserError";
  /** The process's exit code. */
  readonly exitCode: number;

  constructor(message: string, exitCode: number = ExitCode.usage) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What the process's exit code means; `docs/fleet.md` has the table for people. */
export const ExitCode = {
  ok: 0,
  /** A rehearsal or a fleet ran to its end, and a threshold failed. */
  failed: 1,
  /** The flags, the config or the machine don't allow what was asked. Nothing was started. */
  usage: 2,
  /** A fleet or a rehearsal ran, and nobody was served: no user connected, or not one shake was answered. */
  nobodyServed: 3,
  /** `redpkt doctor` found nothing that can't work, and something that works badly. */
  warned: 3,
  /** A worker or the ledger thread died, or stopped answering. */
  workerDied: 70,
  /** A disk failed, or doubt about money lasted: the host was drained, or not started. Another start may succeed. */
  diskFailed: 74,
  /** A rehearsal, or a fleet with `--seconds`, was broken off by a signal; or a second one ended a process at once. */
  interrupted: 130,
} as const;
