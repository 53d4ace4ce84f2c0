import type { BlockSums } from "./row_hash.ts";

/** An opening that isn't in the books as its host's row says it, or that no row says. */
export interface OpeningMismatch {
  readonly host: number;
  readonly seq: number;
  /** What the host's row says: packet, user, sponsor and fen; undefined if there is no such row. */
  readonly row: readonly number[] | undefined;
  /** The same as it waits, or was judged. */
  readonly opening: readonly number[] | undefined;
}

/** A user who is to be paid, or was paid, more than the limits allow. */
export interface UserOver {
  readonly user: number;
  readonly packets: number;
  /** Of the sponsor of whom they have most. */
  readonly ofOneSponsor: number;
}

/** How many of each are returned at most; a count says how many there are. */
export const MOST_FOUND = 1_000;

export interface Found<T> {
  readonly count: number;
  readonly first: readonly T[];
}

/** Reads what must agree within the books. Proven by `test/books/audit_cases.ts`. */
export interface Audits {
  /** A host's rows up to one, in blocks. */
  blocks(host: number, upToSeq: number): Promise<BlockSums[]>;
  /** The rows of one block, in order: numbers as in `EntryRows.values`. */
  rowsOfBlock(host: number, block: number): Promise<Float64Array>;
  /** Hosts that have rows which no cursor covers: nobody has brought those. */
  strayRows(): Promise<Found<number>>;
  /** Openings among the rows of hosts against the queue and what was judged. */
  openings(): Promise<Found<OpeningMismatch>>;
  /** Users over a limit. */
  usersOver(): Promise<Found<UserOver>>;
  /** Users whose number of given packets is noted otherwise than their awards say. */
  holders(): Promise<Found<number>>;
  /** Packets that are held, and no hold is about them; or that are queued, and one is. */
  holds(): Promise<Found<number>>;
}
