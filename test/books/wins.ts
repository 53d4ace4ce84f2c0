/** Packets that are made, won and opened, for books that settle them. */
import type { Books } from "../../core/books/contract/books.ts";
import { type AwardState, awardStateName } from "../../core/books/account/award_state.ts";
import { PARTS } from "../../core/books/contract/openings.ts";
import type { BooksAward } from "../../core/books/account/statements.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import { ROW_FIELDS } from "../../core/ledger/record/entry_rows.ts";
import { FIRST_MS, ledgerOf, type SomeLedger } from "./some_ledger.ts";

/** The second in which a win is opened unless it says another. */
export const FIRST_S = FIRST_MS / 1_000;

export interface Win {
  readonly packetId: number;
  readonly user: number;
  readonly sponsor?: number;
  readonly fen?: number;
  /** Seconds after the first. */
  readonly s?: number;
}

/** Hosts that bring wins into books. */
export class Hosts {
  readonly #books: Books;
  readonly #ledgers = new Map<number, SomeLedger>();

  constructor(books: Books) {
    this.#books = books;
  }

  /** Brings wins of a host, in order of their time: each made, won and opened, in one block. */
  async bring(host: number, wins: readonly Win[]): Promise<void> {
    await this.rows(host, rowsOfWins(wins));
  }

  /** The same for books that may be away: call what is returned until it says that they have it. */
  async prepare(host: number, wins: readonly Win[]): Promise<() => Promise<boolean>> {
    const ledger = await this.#of(host);
    const block = ledger.block(numbered(ledger, rowsOfWins(wins)));
    const { intake } = this.#books;
    return async () =>
      await intake.append(block) || (await intake.cursor(host))?.headHex === block.to.headHex;
  }

  /** Brings rows of a host as they are, but for their numbers. */
  async rows(host: number, numbers: readonly number[]): Promise<void> {
    const ledger = await this.#of(host);
    const block = ledger.block(numbered(ledger, numbers));
    if (!await this.#books.intake.append(block)) throw new Error("the books take it in");
  }

  async #of(host: number): Promise<SomeLedger> {
    let ledger = this.#ledgers.get(host);
    if (ledger === undefined) {
      ledger = ledgerOf(host);
      await this.#books.intake.enrol(ledger.enrolment);
      this.#ledgers.set(host, ledger);
    }
    return ledger;
  }
}

/** Each made, won and opened. */
function rowsOfWins(wins: readonly Win[]): number[] {
  return wins.flatMap(({ packetId, user, sponsor = 1, fen = 100, s = 0 }) => {
    const atMs = FIRST_MS + s * 1_000;
    return [
      ...[0, EntryKind.mint, packetId, 0, fen, sponsor, 1, atMs],
      ...[0, EntryKind.award, packetId, user, fen, sponsor, HELD, atMs],
      ...[0, EntryKind.open, packetId, user, fen, sponsor, 0, atMs],
    ];
  });
}

/** Rows with their numbers in a ledger. */
function numbered(ledger: SomeLedger, numbers: readonly number[]): Float64Array {
  const rows = Float64Array.from(numbers);
  for (let at = 0; at < rows.length; at += ROW_FIELDS) {
    rows[at] = ledger.place.seq + at / ROW_FIELDS + 1;
  }
  return rows;
}

/** Judges all openings of earlier seconds, so many at a time; returns how many there were. */
export async function settleAll(
  { settlement }: Books,
  beforeS = Infinity,
  most = 1_000,
): Promise<{ openings: number; again: number }> {
  let openings = 0;
  let again = 0;
  for (let part = 0; part < PARTS; part++) {
    for (;;) {
      const settled = await settlement.settle(part, beforeS, most);
      if (settled === undefined || settled.openings === 0) break;
      openings += settled.openings;
      again += settled.again;
    }
  }
  return { openings, again };
}

/** All awards that the books have. */
export async function awardsOf({ statements }: Books): Promise<BooksAward[]> {
  const awards: BooksAward[] = [];
  for await (const block of statements.awards()) awards.push(...block);
  return awards;
}

/** Packets and their states in words, in order. */
export async function statesOf(books: Books): Promise<string[]> {
  return (await awardsOf(books)).map(({ packetId, state }) => `${packetId} ${awardStateName(state)}`);
}

/** The state of one packet. */
export async function stateOf(books: Books, packetId: number): Promise<AwardState | undefined> {
  return (await awardsOf(books)).find((award) => award.packetId === packetId)?.state;
}
