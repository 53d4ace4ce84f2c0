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

export const EntryKind = {
  /**
   * New packets: the money goes from `source` to `pool`. Keyed by the first packet id; ids are contiguous. For an order,
   * `user` is its number and `tag` which part of it this is; parts come in order, and never more packets than ordered.
   */
  mint: 1,
  /**
   * A packet to a user: the money goes from `pool` to `user`, or with `count` {@linkcode HELD} to `held` until they open
   * it. Keyed by the packet id.
   */
  award: 2,
  /**
   * What nobody won of a sponsor's packets below an id: all their money in `pool` goes to `returned`. Keyed by sponsor and
   * that id; none of those packets can be awarded afterwards.
   */
  giveBack: 3,
  /** A question, nothing durable: the user's next undelivered packet after `packetId`, or their first for 0. */
  pendingOf: 4,
  /** The packet's award, or the user's share of it, has reached them. Written lazily: losing it only repeats a message. */
  delivered: 5,
  /** Money for a rehearsal's user: from `source` to `user`. Keyed by `tag`, the order's number, and user; users go upwards. */
  fund: 6,
  /**
   * A packet from a user to others: from `user` to `packet`, or with `sponsor` 1 from `source`. `count` is the number of
   * shares; the parts in front of it are a `SendBody`. Keyed by user and request id. The verdict brings the packet's id,
   * and in `asked` and `askedFrom` the deadline in unix ms, low and high 32 bits.
   */
  send: 7,
  /** A share: from `packet` to `user`. `count` is its number. Keyed by packet and share, and one a user. */
  claim: 8,
  /** What nobody claimed in time: from `packet` to the sender. Keyed by the packet. */
  takeBack: 9,
  /** A group's `count` members, which are in the parts in front of it; `packetId` is the group's. */
  group: 10,
  /** Words of the next entry of this ring that is no part; nobody is told a verdict. */
  part: 11,
  /** Questions, nothing durable. Heads are in `HeadWord`s, 0 if there is none; the rest in words from `askedFrom` on. */
  /** The head of the user's next open packet before `packetId`, or of the newest for 0. */
  openFor: 12,
  /** The head of the next open packet after `packetId` that belongs to SET `user` of `count`. */
  nextOpen: 13,
  /** The head of packet `asked`. */
  head: 14,
  /** Words of packet `asked` after its head, as `SentPacket.words`. */
  packetBody: 15,
  /** Words of group `asked`: how many members, then who. */
  groupBody: 16,
  /** All money of a user in fen: low and high 32 bits. */
  balanceOf: 17,
  /** The next group after `packetId`, and how many members it has. */
  nextGroup: 18,
  /** The user's next share after packet `packetId`, or the oldest for 0, of which they may not have heard: packet and fen. */
  pendingShare: 19,
  /** The user opens an award: from `held` to `user`. Keyed by the packet; the verdict brings the amount. */
  open: 20,
  /** An award that its user didn't open before the event was closed: from `held` to `returned`. Keyed by the packet. */
  lapse: 21,
  /**
   * What a ledger says of itself: no money, no packet, a body, and nobody proposes it through a ring. From here on kinds
   * are indexed, so few rows may have them.
   */
  /** Limits that come into force: packets a user, and of each sponsor; 0 for none. */
  limits: 22,
  /** A seed file whose tickets are given away: a text in JSON with its hash and where it was. */
  seed: 23,
  /** Rows are lost, and somebody says that this is accepted: a text in JSON with the reason and what is lost. */
  loss: 24,
  /**
   * What an operator orders: `count` bytes of an `OrderText`, in the parts in front of it. Keyed by plugin, route and key;
   * without a key each is its own. The verdict brings the order's number in `packetId`.
   */
  order: 25,
  /** Nothing more is made for order `packetId`. Keyed by it. */
  endOrder: 26,
  /** Two more of what a ledger says of itself: whose packet ids its packets have, before its first packet; */
  host: 27,
  /** and its event time at this moment, before it may look late: a body as `timeNote` makes it. */
  time: 28,
  /** Another machine goes on with the ledger: a text in JSON with its new epoch, see `Adoption`. */
  adoption: 29,
} as const;

/** The `count` of an award that is held until its user opens it. */
export const HELD = 1;

/** Steps in the life of an award. */
export const AWARD_KINDS: readonly number[] = [EntryKind.award, EntryKind.open, EntryKind.lapse];

/** Whether an entry is one of them. */
export function isOfAward(kind: number): boolean {
  return kind === EntryKind.award || kind === EntryKind.open || kind === EntryKind.lapse;
}

/** Whether an entry is about what users send each other, and changes something. */
export function isTransfer(kind: number): boolean {
  return kind >= EntryKind.fund && kind <= EntryKind.group;
}

/** Whether a row is what the ledger says of itself. */
export function isNote(kind: number): boolean {
  return (kind >= EntryKind.limits && kind <= EntryKind.loss) ||
    (kind >= EntryKind.host && kind <= EntryKind.adoption);
}

/** Whether an entry is an operator's order, or the end of one. */
export function isOfOrder(kind: number): boolean {
  return kind === EntryKind.order || kind === EntryKind.endOrder;
}

/** The name of a refusal, for people. */
export function refusalName(detail: number): string {
  return Object.entries(Refusal).find(([, value]) => value === detail)?.[0] ?? String(detail);
}

/** Whether an entry asks something about that. */
export function isQuestion(kind: number): boolean {
  return kind >= EntryKind.openFor && kind <= EntryKind.pendingShare;
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
