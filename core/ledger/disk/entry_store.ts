import type { EntryRows } from "../record/entry_rows.ts";
import type { DurableTime } from "../record/durable_time.ts";
import type { EndedPackets } from "../registry/sends.ts";

/**
 * Where a ledger's rows last: a file, or the simulator's. It only appends and reads in order; what rows mean is the
 * judge's.
 */
export interface EntryStore extends EndedPackets {
  /** Whose packet ids its packets have; see `IdSpace`. */
  readonly hostNumber: number;
  /** The highest `seq` that is stored, 0 if there is none. */
  lastSeq(): number;
  /** How far event time had come with the last row; undefined if there is none. */
  durableTime(): DurableTime | undefined;
  /**
   * Appends all rows with what belongs to them and makes them durable, together with marks of what was delivered.
   *
   * @throws StoreFailed if nobody knows whether they are
   */
  append(rows: EntryRows, delivered: Uint32Array): void;
  /**
   * After a failure: gives up what is open and opens it again; what is there afterwards is durable.
   *
   * @throws StoreFailed if it still doesn't work
   */
  reopen(): void;
  /** The head of the commit that brought a row as its last one, in hexadecimal digits; undefined if there is none. */
  headAt(seq: number): string | undefined;
  /**
   * Hands over all rows after the last one of a commit, in order, in blocks that are valid until `take` returns.
   *
   * @throws UserError if they aren't what was appended
   */
  read(afterSeq: number, take: (rows: EntryRows) => void): void;
  /** Hands over all that was delivered and noted after a mark, as `eachDelivered` reads it; returns the last mark. */
  readDelivered(afterMark: number, take: (words: Uint32Array) => void): number;
  close(): void;
}

/** The medium failed: full, broken or gone. It may work again. */
export class StoreFailed extends Error {
  override name = "StoreFailed";
}
