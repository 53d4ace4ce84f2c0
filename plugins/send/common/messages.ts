/**
 * What SETs say to each other, as words: the kind first, then what stands beside it. An asker is three words: SET,
 * connection and generation.
 */
export const SendMessage = {
  /** To a packet's owner (from the host's half too): packet id. It is durable: tell its recipients. */
  sent: 1,
  /** To a packet's owner: packet id, user, asker. Wants a share. */
  claim: 2,
  /** Back: connection, generation, packet id, result, amount in fen. */
  claimed: 3,
  /** To a packet's owner: packet id, user, first claim, asker. Who got what? */
  detail: 4,
  /** Back: connection, generation, packet id, result, shares, claimed, luckiest, their fen, first claim, then the claims. */
  detailed: 5,
  /** To a user's home SET: user, SET, connection. They are there now, or no more. */
  here: 6,
  gone: 7,
  /** To a user's home SET: user, then one of `ToUser` and its words. */
  toUser: 8,
  /** To the SET where a user is: connection, user, then one of `ToUser` and its words. */
  deliver: 9,
  /** To a group's owner: group, user, request id, asker, bytes of the text, the text. */
  chat: 10,
  /** Back: connection, generation, request id, result. */
  chatted: 11,
  /** To a group's owner, from the host's half: group. Its members have changed. */
  groupChanged: 12,
} as const;

/** What a user is told. */
export const ToUser = {
  /** Packet id, sender, amount, shares, mode, group, deadline low and high, two other recipients or 0. */
  notice: 1,
  /** Packet id, fen that came back. */
  expired: 2,
  /** Group, sender, bytes of the text, the text. */
  chat: 3,
} as const;

/** Most words of one message. */
export const MOST_MESSAGE_WORDS = 128;
