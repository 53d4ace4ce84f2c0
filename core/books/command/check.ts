import type { OnStage } from "../../cli/progress.ts";
import { formatCount } from "../../base/units.ts";
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { HELD } from "../../ledger/record/entry.ts";
import { type EntryRows, ROW_FIELDS, RowField } from "../../ledger/record/entry_rows.ts";
import { genesis } from "../../ledger/chain/chain.ts";
import { hexOf, ledgerIdOf, linkAt } from "../../ledger/chain/links.ts";
import { ChainBroken, eachProven } from "../../ledger/chain/prove_chain.ts";
import { TruthReader } from "../../ledger/store/truth_reader.ts";
import type { Cursor, Intake } from "../contract/intake.ts";

/** What books have of one host. */
export interface CheckedHost {
  readonly host: number;
  readonly ledger: string;
  readonly rows: number;
  /** Sums of the host's rows in the books. */
  readonly mintedFen: number;
  readonly awardedFen: number;
  readonly openedFen: number;
  readonly returnedFen: number;
  /** The directory that it was compared with; null for none. */
  readonly comparedWith: string | null;
}

export interface BooksCheck {
  readonly hosts: readonly CheckedHost[];
  /** One line each. */
  readonly problems: readonly string[];
}

/**
 * Proves books: each host's rows count up without a gap to its cursor, and their money adds up. Of the ledgers that are
 * given, the chain is proven, the cursor is a place in it, and every row is the same.
 *
 * @throws UserError if a directory holds no ledger
 */
export async function checkBooks(
  intake: Intake,
  directories: readonly string[],
  onStage: OnStage = () => {},
): Promise<BooksCheck> {
  const problems: string[] = [];
  const given = new Map(directories.map((directory) => [idOf(directory), directory]));
  const hosts: CheckedHost[] = [];
  for (const cursor of await intake.hosts()) {
    const directory = given.get(cursor.ledger);
    given.delete(cursor.ledger);
    const truth = directory === undefined ? undefined : new TruthReader(directory);
    try {
      const host = new HostCheck(
        cursor,
        truth,
        directory,
        (problem) => problems.push(`host ${cursor.host}: ${problem}`),
      );
      hosts.push(await host.run(intake, onStage));
    } finally {
      truth?.close();
    }
  }
  for (const [ledger, directory] of given) {
    problems.push(`${directory}: the books don't know its ledger ${ledger}`);
  }
  return { hosts, problems };
}

function idOf(directory: string): string {
  const truth = new TruthReader(directory);
  try {
    return ledgerIdOf(truth.db);
  } finally {
    truth.close();
  }
}

/** Goes through a host's rows in the books, and beside them through its ledger's. */
class HostCheck {
  readonly #cursor: Cursor;
  readonly #directory: string | undefined;
  readonly #problem: (problem: string) => void;
  /** Rows of the ledger up to the cursor, proven. */
  readonly #proven: Generator<EntryRows, unknown> | undefined;
  readonly #sums = { mintedFen: 0, awardedFen: 0, openedFen: 0, returnedFen: 0 };
  #theirs: { readonly values: Float64Array; at: number } = { values: new Float64Array(), at: 0 };
  #seq = 0;
  #differing = 0;

  constructor(
    cursor: Cursor,
    truth: TruthReader | undefined,
    directory: string | undefined,
    problem: (problem: string) => void,
  ) {
    this.#cursor = cursor;
    this.#directory = directory;
    this.#problem = problem;
    if (truth === undefined) return;
    this.#checkHead(truth);
    this.#proven = eachProven(truth.db, genesis(cursor.ledger));
  }

  async run(intake: Intake, onStage: OnStage): Promise<CheckedHost> {
    const { host, ledger, seq, name } = this.#cursor;
    try {
      for await (const rows of intake.rows(host)) {
        for (let at = 0; at < rows.length; at += ROW_FIELDS) this.#check(rows, at);
        onStage(`host ${host} (${name})`, rows.length / ROW_FIELDS, seq, "rows");
      }
    } catch (error) {
      if (!(error instanceof ChainBroken)) throw error;
      this.#problem(`${this.#directory}: ${error.message}`);
    }
    if (this.#seq !== seq) this.#problem(`its cursor is at row ${seq}, and its rows end with ${this.#seq}`);
    if (this.#differing > 1) {
      this.#problem(`${formatCount(this.#differing)} rows in all differ from the ledger's`);
    }
    const { mintedFen, awardedFen, openedFen, returnedFen } = this.#sums;
    if (awardedFen > mintedFen) this.#problem(`${awardedFen} fen were awarded, and ${mintedFen} made`);
    if (openedFen > awardedFen) this.#problem(`${openedFen} fen were opened, and ${awardedFen} awarded`);
    if (openedFen + returnedFen > mintedFen) {
      this.#problem(`${openedFen} fen were opened and ${returnedFen} went back, and ${mintedFen} were made`);
    }
    return { host, ledger, rows: this.#seq, ...this.#sums, comparedWith: this.#directory ?? null };
  }

  #checkHead({ db }: TruthReader): void {
    const { seq, headHex } = this.#cursor;
    const link = linkAt(db, seq);
    if (link !== undefined && hexOf(link.head) === headHex) return;
    this.#problem(`row ${seq} with head ${headHex} is no place in the history of ${this.#directory}`);
  }

  #check(rows: Float64Array, at: number): void {
    const seq = rows[at + RowField.seq];
    if (seq !== this.#seq + 1) this.#problem(`row ${seq} comes after row ${this.#seq}`);
    this.#seq = seq;
    this.#add(rows, at);
    if (this.#proven === undefined) return;
    const theirs = this.#next();
    const isSame = theirs !== undefined &&
      rows.subarray(at, at + ROW_FIELDS).every((number, i) => number === theirs[i]);
    if (isSame) return;
    if (this.#differing++ === 0) this.#problem(`row ${seq} isn't the ledger's`);
  }

  #add(rows: Float64Array, at: number): void {
    const fen = rows[at + RowField.amount];
    const kind = rows[at + RowField.kind];
    if (kind === EntryKind.mint) this.#sums.mintedFen += fen;
    if (kind === EntryKind.award) this.#sums.awardedFen += fen;
    const isOpen = kind === EntryKind.open ||
      (kind === EntryKind.award && rows[at + RowField.count] !== HELD);
    if (isOpen) this.#sums.openedFen += fen;
    if (kind === EntryKind.giveBack || kind === EntryKind.lapse) this.#sums.returnedFen += fen;
  }

  /** The ledger's next row; undefined at its end. */
  #next(): Float64Array | undefined {
    if (this.#theirs.at === this.#theirs.values.length) {
      const block = this.#proven!.next();
      if (block.done === true) return undefined;
      this.#theirs = { values: block.value.values.slice(0, block.value.count * ROW_FIELDS), at: 0 };
    }
    const { values, at } = this.#theirs;
    this.#theirs.at += ROW_FIELDS;
    return values.subarray(at, at + ROW_FIELDS);
  }
}
