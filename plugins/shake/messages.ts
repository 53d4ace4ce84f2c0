/**
 * What the host's half and a SET's half of `shake` say to each other, as words: the kind first, then for packets
 * three words each: id, amount in fen and sponsor.
 */
export const ShakeMessage = {
  /** Host to SET: packets to give away. */
  lease: 1,
  /** Host to SET: whether everything on the whole host is gone, 1 or 0. */
  gone: 2,
  /** SET to host: packets that nobody here won in time. */
  giveBack: 3,
} as const;

/** Most packets in one message, and in the hands of one SET; the host keeps count. */
export const MOST_LEASED = 1024;

/** Words of a packet in a message. */
export const PACKET_WORDS = 3;

/** Room for the largest message. */
export const MESSAGE_WORDS = 1 + PACKET_WORDS * MOST_LEASED;
