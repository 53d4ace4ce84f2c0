/**
 * One line that a SET or the main thread proposes to the ledger: sixteen 32-bit words in a ring of shared memory. The
 * ledger thread answers in the same place.
 */
export const ENTRY_WORDS = 16;

/** Offsets of an entry's words. Ids are unsigned: read them with `>>> 0`. */
export const EntryWord = {
  kind: 0,
  /** Index of the plugin that is told the verdict, and of its SET within the worker (-1: the main thread). */
  plugin: 1,
  set: 2,
  /** The connection that waits, by number and generation; -1 if none does. */
  connection: 3,
  generation: 4,
  user: 5,
  packetId: 6,
  /** Amount in fen: low and high 32 bits. */
  amountLow: 7,
  amountHigh: 8,
  sponsor: 9,
  /** For a mint: how many packets, contiguous, all of one sponsor. */
  count: 10,
  /** Whatever the proposer wants back with the verdict, such as the number of a user's request. */
  tag: 11,
  verdict: 12,
  /** Why it was refused. */
  detail: 13,
  /** Questions: what is asked about, and from which word of it on; they come back with the answer. */
  asked: 14,
  askedFrom: 15,
} as const;

/** Where a part's words lie in its entry, and an answer's, which has no connection. */
export const PAYLOAD_AT = 4;
export const PAYLOAD_WORDS = 8;

/** The `count` of an award that is held until its user opens it. */
export const HELD = 1;

/** The name of a refusal, for people. */
export function refusalName(detail: number): string {
  return Object.entries(Refusal).find(([, value]) => value === detail)?.[0] ?? String(detail);
}

export const Verdict = {
  pending: 0,
  /** Durable now. */
  done: 1,
  /** Durable already, by an earlier entry that said the same. Nothing changed. */
  doneBefore: 2,
  /** Not done, and never will be; `detail` says why. Nothing changed. */
  refused: 3,
  /**
   * Nobody knows yet whether it is durable: give the packet to nobody else. The ledger thread never writes this; a worker
   * says it to a plugin when the verdict is late. The verdict itself still comes, when nobody waits any more.
   */
  inDoubt: 4,
} as const;
export type Verdict = typeof Verdict[keyof typeof Verdict];

export const Refusal = {
  none: 0,
  /** The packet was awarded before, to another user or with another amount. */
  packetTaken: 1,
  /** No mint has made this packet id. */
  unknownPacket: 2,
  /** The pool holds less than the amount. */
  poolEmpty: 3,
  /** The ids of a mint are not all past those of every earlier one. */
  idsTaken: 4,
  /**
   * An amount that is no positive number of fen or past what can be counted exactly (2^53 in all), an id of 0 or over 32
   * bits, a sponsor over 16 bits, a mint with less than 1 fen a packet, or a kind that doesn't exist.
   */
  malformed: 5,
  /** The user has as many packets as one may have. */
  userLimit: 6,
  /** The user has as many packets of this sponsor as one may have. */
  sponsorLimit: 7,
  /** The packet is another sponsor's. */
  wrongSponsor: 8,
  /** The packet, or what is left of it, went back. */
  givenBack: 9,
  /** The sender has less than the amount. */
  noMoney: 10,
  notRecipient: 11,
  /** The user has another share of this packet. */
  alreadyClaimed: 12,
  /** The user sent another packet with this request id. */
  requestTaken: 13,
  unknownGroup: 14,
  notMember: 15,
  /** The disk doesn't tell now of a packet that has ended. */
  unreadable: 16,
  /** The key of an order came with another body before. */
  keyTaken: 20,
  unknownOrder: 21,
  orderEnded: 22,
  /** Parts of an order come one after the other. */
  wrongPart: 23,
  /** The order would make more packets than were ordered. */
  orderFull: 24,
  /** The order gives no money, or not to this user, or not this amount. */
  notOrdered: 25,
} as const;

/** The amount of an entry in fen. */
export function entryAmountFen(words: Int32Array, at: number): number {
  return (words[at + EntryWord.amountLow] >>> 0) + words[at + EntryWord.amountHigh] * 0x1_0000_0000;
}

/** Writes an amount in fen into an entry. */
export function setEntryAmountFen(words: Int32Array, at: number, amountFen: number): void {
  words[at + EntryWord.amountLow] = amountFen;
  words[at + EntryWord.amountHigh] = Math.floor(amountFen / 0x1_0000_0000);
}
