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

/** What the process's exit code means. */
export const ExitCode = {
  ok: 0,
  /** A rehearsal ran to its end, and a threshold failed. */
  failed: 1,
  /** The flags, the config or the machine don't allow what was asked. Nothing was started. */
  usage: 2,
  /** `redpkt doctor` found nothing that can't work, and something that works badly. */
  warned: 3,
  /** A worker or the ledger thread died, or stopped answering. */
  workerDied: 70,
  /** Ended by a second signal, without a drain. */
  interrupted: 130,
} as const;
