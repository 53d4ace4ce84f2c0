import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import type { AwardState } from "./award_state.ts";

/** Kinds of rows that move a sponsor's money. What users send each other is none of theirs. */
export const SUMMED_KINDS: readonly number[] = [
  EntryKind.mint,
  EntryKind.award,
  EntryKind.giveBack,
  EntryKind.open,
  EntryKind.lapse,
];

/** Rows of hosts that move a sponsor's money, summed up. */
export interface EntrySums {
  readonly sponsor: number;
  /** One of {@linkcode SUMMED_KINDS}. */
  readonly kind: number;
  /** Of awards: nobody has to open them, as in version 0. */
  readonly isOpen: boolean;
  readonly rows: number;
  /** For mints: how many packets. */
  readonly packets: number;
  readonly fen: number;
}

/** Awards of a sponsor in one state, summed up. */
export interface AwardSums {
  readonly sponsor: number;
  readonly state: AwardState;
  readonly awards: number;
  readonly fen: number;
}

/** Openings of a sponsor, summed up. */
export interface OpeningSums {
  readonly sponsor: number;
  readonly openings: number;
  readonly fen: number;
}

/** Tickets of a sponsor that were made anew, summed up: they were put in twice, and one of the two moves nobody's money. */
export interface ReissuedSums {
  readonly sponsor: number;
  readonly packets: number;
  readonly fen: number;
  /** What of it a lost ledger gave back nevertheless, when somebody found and closed it. */
  readonly givenBackFen: number;
}

/** All that a statement is computed from, as it was at one moment. In no order. */
export interface BooksSums {
  readonly entries: readonly EntrySums[];
  readonly awards: readonly AwardSums[];
  /** Not judged yet. */
  readonly waiting: readonly OpeningSums[];
  /** Of packets that had been judged before. */
  readonly again: readonly OpeningSums[];
  /** What was made anew; rows and awards of the old tickets are in none of the other sums but those of mints and of what was given back. */
  readonly reissued: readonly ReissuedSums[];
}

/** An award as the books have it now. */
export interface BooksAward {
  readonly packetId: number;
  readonly host: number;
  /** The host's row that opened it. */
  readonly seq: number;
  readonly user: number;
  readonly sponsor: number;
  readonly fen: number;
  readonly openedS: number;
  readonly state: AwardState;
  readonly reason: string;
}

/** Reads what became of the money. Proven by `test/books/statement_cases.ts`. */
export interface Statements {
  sums(): Promise<BooksSums>;
  /** All awards in the order of their packets, in blocks. */
  awards(): AsyncIterable<readonly BooksAward[]>;
}
