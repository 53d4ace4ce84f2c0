/**
 * What the host's half and a SET's half of `shake` say to each other, as words: the kind first, then for packets
 * three words each: id, amount in fen and sponsor. For greetings there are three words, too: the greeting's index and,
 * from the host, its sponsor in the upper half; then resource and count from the host, or given away and left over.
 */
export const ShakeMessage = {
  /** Host to SET: packets to give away. */
  lease: 1,
  /** Host to SET: whether everything on the whole host is gone, 1 or 0. */
  gone: 2,
  /** SET to host: packets that nobody here won in time. */
  giveBack: 3,
  /** Host to SET: greetings to give away. */
  leaseGreetings: 4,
  /** SET to host: greetings that were given away, and those that are left. */
  giveBackGreetings: 5,
  /** Host to SET: what wins show, as pairs of a sponsor and a resource. */
  resources: 6,
  /** SET to host: a user opens what this host's ledger doesn't know; connection, its generation, user and packet. */
  openElsewhere: 7,
  /** Host to SET: what came of it; connection, its generation, packet, result and amount in fen. */
  openedElsewhere: 8,
} as const;

/** Most packets in one message, and in the hands of one SET; the host keeps count. */
export const MAX_LEASED = 1024;

/** Words of a packet, or of a greeting, in a message. */
export const PACKET_WORDS = 3;
export const GREETING_WORDS = 3;

/** Words of a sponsor and its resource, and most of them in one message. */
export const RESOURCE_WORDS = 2;
export const MAX_RESOURCES = 512;

/** Room for the largest message. */
export const MESSAGE_WORDS = 1 + PACKET_WORDS * MAX_LEASED;
