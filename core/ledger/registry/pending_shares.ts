/** Shares of one user that are told again at a login at most; older ones are theirs all the same. */
const MAX_OF_USER = 64;

/** A share whose claim's answer may not have reached its user. */
export interface PendingShare {
  readonly packetId: number;
  readonly amountFen: number;
}

/** Claimed shares of which nobody knows yet whether their users have heard: each login tells of them again. */
export class PendingShares {
  readonly #ofUser = new Map<number, PendingShare[]>();

  /** A share was claimed. */
  add(user: number, packetId: number, amountFen: number): void {
    const shares = this.#ofUser.get(user);
    if (shares === undefined) this.#ofUser.set(user, [{ packetId, amountFen }]);
    else if (shares.push({ packetId, amountFen }) > MAX_OF_USER) shares.shift();
  }

  /** The user has heard of it. False if that was known before. */
  deliver(user: number, packetId: number): boolean {
    const shares = this.#ofUser.get(user);
    const at = shares?.findIndex((share) => share.packetId === packetId) ?? -1;
    if (at < 0) return false;
    shares!.splice(at, 1);
    if (shares!.length === 0) this.#ofUser.delete(user);
    return true;
  }

  /** The user's next share after a packet, the oldest for 0. Ids of sent packets go down. */
  next(user: number, after: number): PendingShare | undefined {
    let next: PendingShare | undefined;
    for (const share of this.#ofUser.get(user) ?? []) {
      if (after !== 0 && share.packetId >= after) continue;
      if (next === undefined || share.packetId > next.packetId) next = share;
    }
    return next;
  }

  /** Each share with its user. */
  *all(): Generator<readonly [user: number, share: PendingShare]> {
    for (const [user, shares] of this.#ofUser) for (const share of shares) yield [user, share];
  }
}
