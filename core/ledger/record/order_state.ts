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
