/** How long bytes stay unread in the kernel at most, as far as the budget of a pass goes. */
export const LEAVE_MS = 1_000;
/** How long a connection rests that was told to. */
export const REST_MS = 200;
/** Of a budget of reads, how much is added for those that were left for {@linkcode LEAVE_MS}; rounded up. */
export const SWEEP_SHARE = 1 / 8;

/**
 * Reading less than comes. An answered refusal costs a read and a send like any answer; what isn't read waits in the
 * kernel and costs nothing. Every reading is about the `onBytes` that runs.
 */
export interface ReadControl {
  /**
   * Most connections read in one pass; those beyond are left unread, and only {@linkcode SWEEP_SHARE} more are read of
   * those that were left too long. `Infinity`, as at first: all are read. What the kernel or the engine has read by the
   * time this changes is told of first.
   */
  budget: number;
  /** The new bytes of this `onBytes`, those not left unread before, reached the host after this monotonic time. */
  readonly sinceMs: number;
  /** When the connection was left unread, so that all but the last of it was there already; 0 if it wasn't. */
  readonly leftMs: number;
  /** The same of the last of it, too: nothing was new. */
  readonly lastLeftMs: number;
  /** Connections that are left unread now. */
  readonly unread: number;
  /**
   * Leaves a connection unread for {@linkcode REST_MS}, or for good, whatever it sends.
   *
   * @returns false if it rests already
   */
  rest(connection: number, isForGood?: boolean): boolean;
}
