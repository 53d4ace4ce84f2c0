import type { Judge } from "./judge.ts";

/** Packets that were made together for an order, of which some can still be won. */
export interface OpenPart {
  /** Which part of the order, from 0 on. */
  readonly part: number;
  readonly firstId: number;
  readonly count: number;
  readonly sumFen: number;
  readonly sponsor: number;
  /** A bit a packet, lowest first: awarded, or gone back. */
  readonly taken: Uint8Array;
}

/** An order as a ledger knows it at its start: what it says, and how far it came. */
export interface OrderState {
  readonly number: number;
  /** An `OrderText`, as canonical JSON. */
  readonly json: string;
  readonly isEnded: boolean;
  /** Parts, packets and fen that were made for it. */
  readonly parts: number;
  readonly made: number;
  readonly madeFen: number;
  readonly openParts: readonly OpenPart[];
  /** The highest user that has its money, -1 for none. */
  readonly fundedTo: number;
}

/** All orders of a ledger, oldest first. Looks at every packet that was made for them. */
export function orderStates(judge: Judge): OrderState[] {
  return Array.from(judge.orders.all, ({ number, json, isEnded, firstIds, made }) => {
    const openParts: OpenPart[] = [];
    let madeFen = 0;
    firstIds.forEach((firstId, part) => {
      const { count, amountFen, sponsor } = judge.mints.from(firstId)!;
      madeFen += amountFen;
      const taken = takenOf(judge, firstId, count, sponsor);
      if (taken !== undefined) openParts.push({ part, firstId, count, sumFen: amountFen, sponsor, taken });
    });
    const fundedTo = judge.sends.fundedTo.get(number) ?? -1;
    return { number, json, isEnded, parts: firstIds.length, made, madeFen, openParts, fundedTo };
  });
}

/** Whether a packet of an open part can't be won any more. */
export function isTaken({ taken }: Pick<OpenPart, "taken">, place: number): boolean {
  return (taken[place >>> 3] & (1 << (place & 7))) !== 0;
}

/** How many packets of an open part can be won. */
export function untakenOf(part: Pick<OpenPart, "taken" | "count">): number {
  let count = 0;
  for (let i = 0; i < part.count; i++) if (!isTaken(part, i)) count++;
  return count;
}

/** Undefined if every one is taken. */
function takenOf(judge: Judge, firstId: number, count: number, sponsor: number): Uint8Array | undefined {
  const below = judge.givenBackBelow(sponsor);
  const taken = new Uint8Array((count + 7) >>> 3);
  let left = count;
  for (let i = 0; i < count; i++) {
    if (firstId + i >= below && !judge.packets.isAwarded(firstId + i)) continue;
    taken[i >>> 3] |= 1 << (i & 7);
    left--;
  }
  return left === 0 ? undefined : taken;
}
