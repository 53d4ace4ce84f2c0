import type { SendBody } from "./send_body.ts";

/** Words of a packet's head in an answer, and their offsets. */
export const HeadWord = {
  /** 0: there is none. */
  packetId: 0,
  sender: 1,
  amount: 2,
  shares: 3,
  /** The lowest 8 bits; above them `HeadBit`s. */
  mode: 4,
  group: 5,
  deadlineLow: 6,
  deadlineHigh: 7,
} as const;

/** Words of a head; the packet's other words follow. */
export const HEAD_WORDS = 8;

/** Bits of `HeadWord.mode`. */
export const HeadBit = {
  /** The host itself has sent it. */
  fromHost: 0x100,
  /** What was left of it has gone back. */
  over: 0x200,
} as const;

/** What never changes of a packet that somebody sent. */
export interface SentFields {
  readonly packetId: number;
  readonly sender: number;
  readonly isFromHost: boolean;
  readonly amountFen: number;
  readonly mode: number;
  /** 0 if users are named. */
  readonly group: number;
  readonly deadlineMs: number;
  readonly shares: Uint32Array;
  /** Sorted. */
  readonly recipients: Uint32Array;
}

/** What a packet's words say: what never changes, who has which share, in order, and whether the rest went back. */
export interface SentState extends SentFields {
  readonly claims: readonly { readonly user: number; readonly share: number }[];
  readonly isOver: boolean;
}

/** Reads what {@linkcode SentPacket.words} has made. */
export function readSentWords(words: Uint32Array): SentState {
  const sharesAt = HEAD_WORDS + 2;
  const claimsAt = sharesAt + words[HeadWord.shares];
  const recipientsAt = claimsAt + 2 * words[HEAD_WORDS];
  const claims = Array.from(
    { length: words[HEAD_WORDS] },
    (_, i) => ({ user: words[claimsAt + 2 * i], share: words[claimsAt + 2 * i + 1] }),
  );
  return {
    packetId: words[HeadWord.packetId],
    sender: words[HeadWord.sender],
    isFromHost: (words[HeadWord.mode] & HeadBit.fromHost) !== 0,
    amountFen: words[HeadWord.amount],
    mode: words[HeadWord.mode] & 0xff,
    group: words[HeadWord.group],
    deadlineMs: words[HeadWord.deadlineLow] + words[HeadWord.deadlineHigh] * 0x1_0000_0000,
    shares: words.slice(sharesAt, claimsAt),
    recipients: words.slice(recipientsAt, recipientsAt + words[HEAD_WORDS + 1]),
    claims,
    isOver: (words[HeadWord.mode] & HeadBit.over) !== 0,
  };
}

/** A packet that somebody sent, as the judge knows it. */
export class SentPacket {
  /** Shares that were claimed, and their sum in fen. */
  claimed = 0;
  claimedFen = 0;
  /** What was left went back. */
  isOver = false;
  /** By user: their share's number. */
  readonly shareOf = new Map<number, number>();
  readonly fields: SentFields;
  readonly #isTaken: Uint8Array;

  constructor(fields: SentFields) {
    this.fields = fields;
    this.#isTaken = new Uint8Array(fields.shares.length);
  }

  /** A packet out of its words. */
  static from(words: Uint32Array): SentPacket {
    const { claims, isOver, ...fields } = readSentWords(words);
    const packet = new SentPacket(fields);
    for (const { user, share } of claims) packet.take(share, user);
    packet.isOver = isOver;
    return packet;
  }

  get restFen(): number {
    return this.fields.amountFen - this.claimedFen;
  }

  /** Somebody may still claim, or what is left must still go back. */
  get isOpen(): boolean {
    return !this.isOver && this.claimed < this.fields.shares.length;
  }

  isFree(share: number): boolean {
    return this.#isTaken[share] === 0;
  }

  take(share: number, user: number): void {
    this.#isTaken[share] = 1;
    this.shareOf.set(user, share);
    this.claimed++;
    this.claimedFen += this.fields.shares[share];
  }

  isRecipient(user: number): boolean {
    return hasUser(this.fields.recipients, user);
  }

  /**
   * Whether a send that its sender repeats is this one. Shares are drawn anew then, so they aren't compared; nor is the
   * order of the recipients.
   */
  isSame(amountFen: number, body: SendBody): boolean {
    const { fields } = this;
    const isAlike = fields.amountFen === amountFen && fields.mode === body.mode &&
      fields.group === body.group && fields.shares.length === body.shares.length;
    if (!isAlike || body.group !== 0) return isAlike;
    const recipients = body.recipients.slice().sort();
    return recipients.length === fields.recipients.length &&
      recipients.every((user, i) => user === fields.recipients[i]);
  }

  /** Fills in the words of `HeadWord`. */
  writeHead(words: Uint32Array | Int32Array): void {
    const { packetId, sender, isFromHost, amountFen, mode, group, deadlineMs, shares } = this.fields;
    words[HeadWord.packetId] = packetId;
    words[HeadWord.sender] = sender;
    words[HeadWord.amount] = amountFen;
    words[HeadWord.shares] = shares.length;
    words[HeadWord.mode] = mode | (isFromHost ? HeadBit.fromHost : 0) | (this.isOver ? HeadBit.over : 0);
    words[HeadWord.group] = group;
    words[HeadWord.deadlineLow] = deadlineMs;
    words[HeadWord.deadlineHigh] = Math.floor(deadlineMs / 0x1_0000_0000);
  }

  /**
   * All that there is to know of it: the head; how many claims and recipients; then the shares, the claims (user and
   * share), the recipients.
   */
  words(): Uint32Array {
    const { shares, recipients } = this.fields;
    const sharesAt = HEAD_WORDS + 2;
    const words = new Uint32Array(sharesAt + shares.length + 2 * this.claimed + recipients.length);
    this.writeHead(words);
    words[HEAD_WORDS] = this.claimed;
    words[HEAD_WORDS + 1] = recipients.length;
    words.set(shares, sharesAt);
    let at = sharesAt + shares.length;
    for (const [user, share] of this.shareOf) {
      words[at++] = user;
      words[at++] = share;
    }
    words.set(recipients, at);
    return words;
  }
}

/** Whether a sorted list has a user. */
export function hasUser(sorted: Uint32Array, user: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < user) low = middle + 1;
    else high = middle;
  }
  return low < sorted.length && sorted[low] === user;
}
