/** What books are for: fixed when they are made, since every payment and verdict hangs on it. */
export interface BooksEvent {
  /** The event's name: the first part of every payment's key. */
  readonly event: string;
  /** Most packets that one user is paid, over all hosts; `Infinity` for no limit. */
  readonly packetsPerUser: number;
  /** The same of one sponsor. */
  readonly packetsPerSponsor: number;
}
