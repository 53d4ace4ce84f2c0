/** Tickets of one sponsor that follow each other in a lost seed file. */
export interface ReissuedRange {
  readonly sponsor: number;
  readonly first: number;
  readonly last: number;
  readonly fen: number;
}

/** What is to be made anew of a seed file whose host is gone, with its disk. */
export interface WantedReissue {
  /** The lost file, and the set that it belongs to. */
  readonly hash: string;
  readonly set: string;
  /** Nothing was released by the lost host from this wall time on. */
  readonly fenceMs: number;
  /** What else decides which tickets go where, as text: the same words make the same files. */
  readonly terms: string;
  readonly ranges: readonly ReissuedRange[];
  readonly tickets: number;
  /** Ids that the plan sets aside for tickets that are made anew. */
  readonly reserve: { readonly firstId: number; readonly count: number };
  readonly reason: string;
  readonly wallMs: number;
}

/** Tickets that were made anew: the old ones are revoked for ever. */
export interface Reissue extends Omit<WantedReissue, "reserve" | "ranges"> {
  /** The lost host's number. */
  readonly host: number;
  /** The first of the new ids, which follow each other. */
  readonly firstId: number;
}

/** What came of asking for a reissue. Nothing is changed unless it is `done`. */
export type ReissueOutcome =
  | { readonly kind: "done"; readonly reissue: Reissue; readonly isRepeated: boolean }
  /** The file's tickets were made anew before, on other terms. */
  | { readonly kind: "otherTerms"; readonly reissue: Reissue }
  /** No ledger has claimed the file, so it can be given to another host as it is. */
  | { readonly kind: "unclaimed" }
  /** The host was heard of after the fence. */
  | { readonly kind: "alive"; readonly host: number; readonly caughtUpMs: number }
  /** The books know who won a ticket that was due after the fence. */
  | { readonly kind: "won"; readonly packetId: number }
  | { readonly kind: "noReserve"; readonly left: number };

/** Tickets whose host and its disk are gone. Proven by `test/books/reissue_cases.ts`. */
export interface Reissues {
  /**
   * Revokes the tickets and sets ids aside for those that take their place, in one transaction, alone among settlers and
   * operators. Asked again in the same words it changes nothing and says the same.
   */
  reissue(wanted: WantedReissue): Promise<ReissueOutcome>;
  /** All, in the order of their ids. */
  reissues(): Promise<Reissue[]>;
}

/** What the books know that bears on a reissue. */
export interface ReissueFacts {
  readonly before: Reissue | undefined;
  /** Who has claimed the file. */
  readonly holder: { readonly host: number; readonly caughtUpMs: number } | undefined;
  /** A ticket of the ranges that was won, by any row or award. */
  readonly wonPacketId: number | undefined;
  /** Ids of the same set that were set aside before. */
  readonly usedIds: number;
}

/** The first packet that is in one of the ranges; undefined if none is. */
export function firstWithin(
  ranges: readonly ReissuedRange[],
  packetIds: Iterable<number>,
): number | undefined {
  const ordered = ranges.toSorted((a, b) => a.first - b.first);
  let found = Infinity;
  for (const packetId of packetIds) {
    let [low, high] = [0, ordered.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ordered[middle].last < packetId) low = middle + 1;
      else high = middle;
    }
    if (low < ordered.length && ordered[low].first <= packetId) found = Math.min(found, packetId);
  }
  return found === Infinity ? undefined : found;
}

/** The one rule of all backends. */
export function judgeReissue(wanted: WantedReissue, facts: ReissueFacts): ReissueOutcome {
  const { before, holder, wonPacketId, usedIds } = facts;
  if (before !== undefined) {
    const isSame = before.fenceMs === wanted.fenceMs && before.terms === wanted.terms &&
      before.tickets === wanted.tickets;
    return isSame
      ? { kind: "done", reissue: before, isRepeated: true }
      : { kind: "otherTerms", reissue: before };
  }
  if (holder === undefined) return { kind: "unclaimed" };
  if (holder.caughtUpMs > wanted.fenceMs) return { kind: "alive", ...holder };
  if (wonPacketId !== undefined) return { kind: "won", packetId: wonPacketId };
  const left = wanted.reserve.count - usedIds;
  if (left < wanted.tickets) return { kind: "noReserve", left };
  const { ranges: _ranges, reserve, ...rest } = wanted;
  const reissue = { ...rest, host: holder.host, firstId: reserve.firstId + usedIds };
  return { kind: "done", reissue, isRepeated: false };
}
