import { assert, HeadBit, HeadWord } from "../../../core/plugin/plugin.ts";
import type { Asker } from "./reliable_sender.ts";

/** A share that somebody took: it counts once it is durable. */
export interface Claim {
  readonly share: number;
  isDurable: boolean;
  /** Connections of the user that wait for the ledger. */
  readonly askers: Asker[];
}

/** A packet as its owner SET knows it. */
export class OwnedPacket {
  readonly packetId: number;
  readonly sender: number;
  readonly isFromHost: boolean;
  readonly amountFen: number;
  readonly mode: number;
  readonly group: number;
  readonly deadlineMs: number;
  readonly shares: Uint32Array;
  /** Sorted. */
  readonly recipients: Uint32Array;
  /** By user. */
  readonly claims = new Map<number, Claim>();
  /** Users that have their share, in order. */
  readonly claimants: number[] = [];
  /** How many recipients have been told. */
  told = 0;
  /** Claims that the ledger hasn't judged. */
  pending = 0;
  /** It goes back to its sender; nothing can be claimed any more. */
  isReturning = false;
  isOver: boolean;
  #claimedFen = 0;
  #nextShare = 0;
  /** Shares that the ledger gave to nobody after all. */
  readonly #free: number[] = [];

  /**
   * @param head as `HeadWord` has it
   * @param words as `SentPacket.words` makes them
   */
  constructor(head: Int32Array, words: Uint32Array) {
    this.packetId = head[HeadWord.packetId] >>> 0;
    this.sender = head[HeadWord.sender] >>> 0;
    this.amountFen = head[HeadWord.amount] >>> 0;
    this.mode = head[HeadWord.mode] & 0xff;
    this.isFromHost = (head[HeadWord.mode] & HeadBit.fromHost) !== 0;
    this.isOver = (head[HeadWord.mode] & HeadBit.over) !== 0;
    this.group = head[HeadWord.group] >>> 0;
    this.deadlineMs = (head[HeadWord.deadlineLow] >>> 0) + head[HeadWord.deadlineHigh] * 0x1_0000_0000;
    const count = head[HeadWord.shares];
    const claimsAt = 2 + count;
    const recipientsAt = claimsAt + 2 * words[0];
    this.shares = words.slice(2, claimsAt);
    this.recipients = words.slice(recipientsAt, recipientsAt + words[1]);
    const taken = new Uint8Array(count);
    for (let at = claimsAt; at < recipientsAt; at += 2) {
      const [user, share] = [words[at], words[at + 1]];
      taken[share] = 1;
      this.claims.set(user, { share, isDurable: true, askers: [] });
      this.#note(user, share);
      this.#nextShare = Math.max(this.#nextShare, share + 1);
    }
    for (let share = 0; share < this.#nextShare; share++) if (taken[share] === 0) this.#free.push(share);
  }

  /** Everybody who could has claimed, or the rest went back, and nothing waits for the ledger. */
  get isClosed(): boolean {
    return this.pending === 0 && (this.isOver || this.claimants.length === this.shares.length);
  }

  get restFen(): number {
    return this.amountFen - this.#claimedFen;
  }

  isRecipient(user: number): boolean {
    let low = 0;
    let high = this.recipients.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.recipients[middle] < user) low = middle + 1;
      else high = middle;
    }
    return this.recipients[low] === user;
  }

  /** Takes the next share for a user, first come, first served; -1 if none is left. */
  take(user: number, asker: Asker): number {
    const share = this.#free.pop() ?? (this.#nextShare < this.shares.length ? this.#nextShare++ : -1);
    if (share < 0) return -1;
    this.claims.set(user, { share, isDurable: false, askers: [asker] });
    this.pending++;
    return share;
  }

  /** The user's claim is durable. */
  settle(user: number): Claim {
    const claim = this.#judged(user);
    claim.isDurable = true;
    this.#note(user, claim.share);
    return claim;
  }

  /** The ledger has refused the user's claim: the share is somebody else's. */
  release(user: number): Claim {
    const claim = this.#judged(user);
    this.claims.delete(user);
    this.#free.push(claim.share);
    return claim;
  }

  /** The user with the largest share, the first of several, once all are claimed; -1 before. */
  luckiest(): number {
    if (this.claimants.length < this.shares.length) return -1;
    let best = this.claimants[0];
    for (const user of this.claimants) if (this.fenOf(user) > this.fenOf(best)) best = user;
    return best;
  }

  /** What a user has claimed, in fen. */
  fenOf(user: number): number {
    return this.shares[this.claims.get(user)!.share];
  }

  #judged(user: number): Claim {
    const claim = this.claims.get(user);
    assert(claim !== undefined && !claim.isDurable, "the ledger judges a claim that was proposed");
    this.pending--;
    return claim!;
  }

  #note(user: number, share: number): void {
    this.claimants.push(user);
    this.#claimedFen += this.shares[share];
  }
}
