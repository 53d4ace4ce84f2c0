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

/** Bits of `HeadWord.mode`. */
export const HeadBit = {
  /** The host itself has sent it. */
  fromHost: 0x100,
  /** What was left of it has gone back. */
  over: 0x200,
} as const;

/** A packet that somebody sent, as the judge knows it. */
export class SentPacket {
  /** Shares that were claimed, and their sum in fen. */
  claimed = 0;
  claimedFen = 0;
  /** What was left went back. */
  isOver = false;
  /** By user: his share's number. */
  readonly shareOf = new Map<number, number>();
  readonly #isTaken: Uint8Array;

  /** @param recipients sorted */
  constructor(
    readonly packetId: number,
    readonly sender: number,
    readonly isFromHost: boolean,
    readonly amountFen: number,
    readonly body: SendBody,
    readonly recipients: Uint32Array,
  ) {
    this.#isTaken = new Uint8Array(body.shares.length);
  }

  get restFen(): number {
    return this.amountFen - this.claimedFen;
  }

  /** Somebody may still claim, or what is left must still go back. */
  get isOpen(): boolean {
    return !this.isOver && this.claimed < this.body.shares.length;
  }

  isFree(share: number): boolean {
    return this.#isTaken[share] === 0;
  }

  take(share: number, user: number): void {
    this.#isTaken[share] = 1;
    this.shareOf.set(user, share);
    this.claimed++;
    this.claimedFen += this.body.shares[share];
  }

  isRecipient(user: number): boolean {
    return hasUser(this.recipients, user);
  }

  /** Fills in the words of `HeadWord`. */
  writeHead(reply: Int32Array): void {
    const { mode, group, deadlineMs, shares } = this.body;
    reply[HeadWord.packetId] = this.packetId;
    reply[HeadWord.sender] = this.sender;
    reply[HeadWord.amount] = this.amountFen;
    reply[HeadWord.shares] = shares.length;
    reply[HeadWord.mode] = mode | (this.isFromHost ? HeadBit.fromHost : 0) |
      (this.isOver ? HeadBit.over : 0);
    reply[HeadWord.group] = group;
    reply[HeadWord.deadlineLow] = deadlineMs;
    reply[HeadWord.deadlineHigh] = Math.floor(deadlineMs / 0x1_0000_0000);
  }

  /** All that its owner SET must know: how many claims and recipients, then the shares, the claims, the recipients. */
  words(): Uint32Array {
    const { shares } = this.body;
    const words = new Uint32Array(2 + shares.length + 2 * this.claimed + this.recipients.length);
    words[0] = this.claimed;
    words[1] = this.recipients.length;
    words.set(shares, 2);
    let at = 2 + shares.length;
    for (const [user, share] of this.shareOf) {
      words[at++] = user;
      words[at++] = share;
    }
    words.set(this.recipients, at);
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
