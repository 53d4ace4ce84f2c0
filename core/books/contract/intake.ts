import type { Opening } from "./openings.ts";

/** A place in a ledger's history: a row that ends a commit, and the head of that commit. */
export interface Place {
  /** 0 for the place before the first row. */
  readonly seq: number;
  /** In hexadecimal digits. */
  readonly headHex: string;
}

/** How far the books know a host's ledger. */
export interface Cursor extends Place {
  /** The host's number. */
  readonly host: number;
  /** For people. */
  readonly name: string;
  /** The id of the one ledger whose rows this host has. */
  readonly ledger: string;
  /** How often the ledger was adopted by another machine, plus 1. It comes with the rows that say so. */
  readonly epoch: number;
  /** Whatever the host opens from now on is dated this or later, in unix ms. */
  readonly caughtUpMs: number;
  readonly isRetired: boolean;
}

/** A host that the books see for the first time. */
export interface Enrolment {
  readonly host: number;
  readonly name: string;
  readonly ledger: string;
  /** The head before its first row. */
  readonly genesisHex: string;
}

/** Numbers of a row, in the order of `RowField`. */
export type RowNumbers = Float64Array;

/** Whole commits of a host's ledger. */
export interface Block {
  readonly host: number;
  readonly ledger: string;
  /** The ledger's epoch with the first and with the last of these rows. */
  readonly epochBefore: number;
  readonly epochAfter: number;
  readonly from: Place;
  readonly to: Place;
  /** All rows after `from` up to and including `to`. */
  readonly rows: RowNumbers;
  /** What is stored beside some of the rows, by `seq`, in order: words as in the ledger. */
  readonly bodies: readonly (readonly [seq: number, words: Uint32Array])[];
}

/** What a host must be for its word to count. */
export type Fence = Pick<Cursor, "host" | "ledger" | "epoch" | "seq" | "headHex">;

/** A seed file that a ledger gives away. */
export interface SeedClaim {
  /** The file's hash. */
  readonly hash: string;
  readonly host: number;
  readonly ledger: string;
}

/** Who has claimed a seed file, and when. */
export interface SeedHolder extends SeedClaim {
  readonly claimedMs: number;
}

/** How much waits to be settled. */
export interface OpeningQueue {
  readonly openings: number;
  readonly fen: number;
  /** The unix second of the oldest; undefined if there is none. */
  readonly oldestS: number | undefined;
}

/**
 * Where the rows of all hosts meet. Each call is one transaction, so that whoever dies leaves all of it or nothing; each
 * may fail as `BooksAway`, and then nobody knows which of the two. Proven by `test/books/intake_cases.ts`.
 */
export interface Intake {
  /**
   * Makes a host known, and changes nothing if its number is known already.
   *
   * @returns where the host's number stands now: whoever holds it, if that is another ledger
   * @throws UserError if the ledger stands in these books under another number
   */
  enrol(enrolment: Enrolment): Promise<Cursor>;
  /** Where a host stands; undefined if the books don't know it, such as after they fell back. */
  cursor(host: number): Promise<Cursor | undefined>;
  /**
   * Takes in rows and moves the cursor, both or neither. Openings among the rows are queued for settlement.
   *
   * @returns false if nothing happened, since the cursor isn't where the block begins: ask for it
   */
  append(block: Block): Promise<boolean>;
  /**
   * The host had nothing after the fence's row, and what it opens from now on is dated `caughtUpMs` or later.
   *
   * @returns false if the cursor isn't there
   */
  heartbeat(fence: Fence, caughtUpMs: number): Promise<boolean>;
  /** Claims a seed file for a ledger, once and for ever; returns who has it. */
  claimSeed(claim: SeedClaim, wallMs: number): Promise<SeedHolder>;
  /** Says whether settlement waits for a host no longer; false if there is no such host. */
  retire(host: number, isRetired: boolean): Promise<boolean>;

  /** All hosts, by number. */
  hosts(): Promise<Cursor[]>;
  /** A host's rows in order, in blocks of numbers. */
  rows(host: number): AsyncIterable<RowNumbers>;
  /** What is stored beside a host's rows, in order. */
  bodies(host: number): Promise<(readonly [seq: number, words: Uint32Array])[]>;
  /** What waits to be settled, in any order. */
  openings(): AsyncIterable<readonly Opening[]>;
  queue(): Promise<OpeningQueue>;
}
