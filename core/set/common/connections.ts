/**
 * What a worker knows of its connections: columns of typed arrays, by connection number. A million connections are a
 * few megabytes, and no object. Each SET touches only the rows of its own connections.
 */
export class Connections {
  /** One more than the highest connection number so far: rows from here on were never used. */
  rows = 0;
  /** Which of the worker's SETs the connection belongs to. */
  readonly setOf: Uint16Array;
  /** Its place within its SET. */
  readonly seat: Uint32Array;
  /** The user that logged in; without meaning before. User 0 is a user. */
  readonly user: Uint32Array;
  readonly hasLoggedIn: Uint8Array;
  /** The protocol's version, by the first frame. */
  readonly version: Uint8Array;
  readonly phase: Uint8Array;
  /** Replies that wait for the ledger or another SET; rings and mailboxes together hold fewer than would overflow it. */
  readonly deferred: Uint16Array;
  /** The newest award sent to it of which nobody knows yet that it arrived: see `Deliveries`; 0 for none. */
  readonly undelivered: Uint32Array;
  /** Seconds of the loop's time (see `secondOf`): the last whole frame or the accept; the first byte of a partial frame,
   * and since when the peer hasn't read what waits for it, 0 if it isn't so. */
  readonly heardAtS: Uint32Array;
  readonly partialAtS: Uint32Array;
  readonly stuckAtS: Uint32Array;
  /** Passes that it has shown, and those of them that wait for the ledger: until then it can't win. */
  readonly passes: Uint8Array;
  readonly carrying: Uint8Array;
  /** The peer will send no more; the connection is closed when nothing is deferred. */
  readonly hasEnded: Uint8Array;

  constructor(capacity: number) {
    this.setOf = new Uint16Array(capacity);
    this.seat = new Uint32Array(capacity);
    this.user = new Uint32Array(capacity);
    this.hasLoggedIn = new Uint8Array(capacity);
    this.version = new Uint8Array(capacity);
    this.phase = new Uint8Array(capacity);
    this.deferred = new Uint16Array(capacity);
    this.undelivered = new Uint32Array(capacity);
    this.passes = new Uint8Array(capacity);
    this.carrying = new Uint8Array(capacity);
    this.hasEnded = new Uint8Array(capacity);
    this.heardAtS = new Uint32Array(capacity);
    this.partialAtS = new Uint32Array(capacity);
    this.stuckAtS = new Uint32Array(capacity);
  }

  /** Makes a row ready for a new connection. */
  reset(connection: number, set: number, seat: number, second: number): void {
    if (connection >= this.rows) this.rows = connection + 1;
    this.setOf[connection] = set;
    this.seat[connection] = seat;
    this.user[connection] = 0;
    this.hasLoggedIn[connection] = 0;
    this.version[connection] = 0;
    this.phase[connection] = Phase.open;
    this.heardAtS[connection] = second;
    // Seldom set. Memory that was never written isn't there: a million rows of zeroes cost nothing.
    clear(this.deferred, connection);
    clear(this.undelivered, connection);
    clear(this.passes, connection);
    clear(this.carrying, connection);
    clear(this.hasEnded, connection);
    clear(this.partialAtS, connection);
    clear(this.stuckAtS, connection);
  }
}

function clear(column: Uint8Array | Uint16Array | Uint32Array, connection: number): void {
  if (column[connection] !== 0) column[connection] = 0;
}

/** How far a connection is. */
export const Phase = {
  free: 0,
  /** Accepted; the first frame must be the login. */
  open: 1,
  loggedIn: 2,
  /** This side has closed it; nothing more is read or written. */
  closing: 3,
} as const;
