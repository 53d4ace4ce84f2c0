/**
 * What travels through the kernel with an entry and comes back with its completion: in the low word what it is about and
 * the connection, in the high one a note, which is mostly the connection's generation.
 */

export const Kind = {
  receive: 1,
  accept: 2,
  connect: 3,
  writable: 4,
  close: 5,
  send: 6,
  /** A send from a connection's queue, which tells its success too. */
  queueSend: 7,
  /** A receive into a large buffer. */
  receiveLarge: 12,
  /** A watched connection has something to read. */
  pollEvent: 13,
  /** A receive that doesn't wait: looked at when it comes, as a send is. */
  read: 14,
  /** The listening socket has a peer. */
  acceptReady: 8,
  /** The eventfd was signalled. */
  wake: 9,
  shutdown: 10,
  /** An operation whose failure means nothing. */
  ignored: 11,
} as const;

const KIND_SHIFT = 24;
const CONNECTION_MASK = (1 << KIND_SHIFT) - 1;

/** Most connections of one engine: 24 bits of them, and 7 of the kind. */
export const MAX_CONNECTIONS = CONNECTION_MASK;

/** The low word. */
export function userData(kind: number, connection: number): number {
  return (kind << KIND_SHIFT) | connection;
}

export function kindOf(data: number): number {
  return data >>> KIND_SHIFT;
}

export function connectionOf(data: number): number {
  return data & CONNECTION_MASK;
}
