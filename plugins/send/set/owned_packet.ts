import { assert, hasUser, type SentState } from "../../../core/plugin/plugin.ts";
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
  readonly sent: SentState;
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

  constructor(sent: SentState) {
    this.sent = sent;
    this.isOver = sent.isOver;
    const taken = new Uint8Array(sent.shares.length);
    for (const { user, share } of sent.claims) {
      taken[share] = 1;
      this.claims.set(user, { share, isDurable: true, askers: [] });
      this.#note(user, share);
      this.#nextShare = Math.max(this.#nextShare, share + 1);
    }
    for (let share = 0; share < this.#nextShare; share++) if (taken[share] === 0) this.#free.push(share);
  }

  /** Everybody who could has claimed, or the rest went back, and nothing waits for the ledger. */
  get isClosed(): boolean {
    return this.pending === 0 && (this.isOver || this.claimants.length === this.sent.shares.length);
  }

  get restFen(): number {
    return this.sent.amountFen - this.#claimedFen;
  }

  isRecipient(user: number): boolean {
    return hasUser(this.sent.recipients, user);
  }

  /** Takes the next share for a user, first come, first served; -1 if none is left. */
  take(user: number, asker: Asker): number {
    const share = this.#free.pop() ?? (this.#nextShare < this.sent.shares.length ? this.#nextShare++ : -1);
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
    if (this.claimants.length < this.sent.shares.length) return -1;
    let best = this.claimants[0];
    for (const user of this.claimants) if (this.fenOf(user) > this.fenOf(best)) best = user;
    return best;
  }

  /** What a user has claimed, in fen. */
  fenOf(user: number): number {
    return this.sent.shares[this.claims.get(user)!.share];
  }

  #judged(user: number): Claim {
    const claim = this.claims.get(user);
    assert(claim !== undefined && !claim.isDurable, "the ledger judges a claim that was proposed");
    this.pending--;
    return claim!;
  }

  #note(user: number, share: number): void {
    this.claimants.push(user);
    this.#claimedFen += this.sent.shares[share];
  }
}
