import type { StatementSync } from "node:sqlite";
import type { OnStage } from "../../cli/progress.ts";
import { legsOf } from "../../ledger/kinds/accounts.ts";
import { balanceAccount } from "../../ledger/kinds/sides.ts";
import { checkSchema } from "./check_schema.ts";
import { EntryKind, kindOf } from "../../ledger/kinds/entry_kinds.ts";
import { type EntryRows, RowField } from "../../ledger/record/entry_rows.ts";
import type { Problems } from "./problems.ts";
import { PROJECTION_FILE } from "../../ledger/projection/projection.ts";
import { projectedSeq } from "../../ledger/projection/projection_reader.ts";
import { PROJECTION_MIGRATIONS, RUN_LEVEL } from "../../ledger/disk/schema.ts";
import { allNumbers, returningArrays } from "../../ledger/disk/sqlite_rows.ts";
import type { UntouchedDatabase } from "../../ledger/disk/untouched.ts";

/** How a row and the index by user stand: it needn't be there, it must be, it is. */
const Indexed = { no: 0, must: 1, is: 2 } as const;
/** What is noted of a mint besides its row. */
const MINTED = [RowField.packetId, RowField.count, RowField.sponsor, RowField.amount];
/** No row has a number as large. */
const NO_ROW = 2 ** 51;
/** Entries of the index between two tellings of how far it is, and until the file is let go for a moment. */
const STRIDE = 100_000;

type Row = readonly (number | string)[];
type Rows = readonly Row[];

/**
 * Compares a projection with the rows that it was made of: every posting, balance and entry of the index, what is there
 * and what should be. Rows come in order, in blocks; it remembers 9 bytes of each.
 */
export class ProjectionCheck {
  /** The last row that it has taken in. */
  readonly seq: number;
  readonly #db: UntouchedDatabase;
  readonly #problems: Problems;
  readonly #selectPostings: StatementSync;
  readonly #selectMinted: StatementSync;
  readonly #balances = new Map<string, number>();
  readonly #users: Uint32Array;
  readonly #packets: Uint32Array;
  readonly #indexed: Uint8Array;
  /** What was made of the rows up to this one is compared. */
  #doneSeq = 0;

  /** @param lastSeq of the truth */
  constructor(db: UntouchedDatabase, lastSeq: number, problems: Problems) {
    this.#db = db;
    this.#problems = problems;
    checkSchema(db, PROJECTION_FILE, PROJECTION_MIGRATIONS, problems);
    const seq = projectedSeq(db);
    if (seq > lastSeq) this.#add("progress", `has row ${seq}, and the ledger ends with row ${lastSeq}`);
    this.seq = Math.min(seq, lastSeq);
    this.#users = new Uint32Array(this.seq + 1);
    this.#packets = new Uint32Array(this.seq + 1);
    this.#indexed = new Uint8Array(this.seq + 1);
    this.#selectPostings = returningArrays(
      db.prepare("select id, account, fen from posting where id between ? and ? order by id"),
    );
    this.#selectMinted = returningArrays(
      db.prepare(
        "select seq, packet, count, sponsor, fen from minted where seq between ? and ? order by seq",
      ),
    );
  }

  /** The next rows of the truth; those after {@linkcode seq} aren't looked at. */
  add(rows: EntryRows): void {
    const { values } = rows;
    const postings: Row[] = [];
    const mints: Row[] = [];
    let last = 0;
    for (let row = 0; row < rows.count; row++) {
      const at = rows.at(row);
      const seq = values[at + RowField.seq];
      if (seq > this.seq) break;
      last = seq;
      const kind = kindOf(values[at + RowField.kind]);
      if (kind?.legs === undefined) continue;
      const fen = values[at + RowField.amount];
      const [from, to] = legsOf(values, at);
      postings.push([seq * 2, from, -fen], [seq * 2 + 1, to, fen]);
      this.#move(balanceAccount(from), -fen);
      this.#move(balanceAccount(to), fen);
      if (kind.number === EntryKind.mint) mints.push([seq, ...MINTED.map((field) => values[at + field])]);
      if (kind.award === undefined) continue;
      this.#users[seq] = values[at + RowField.user];
      this.#packets[seq] = values[at + RowField.packetId];
      this.#indexed[seq] = Indexed.must;
    }
    if (last > 0) this.#compareUntil(last, postings, mints);
  }

  /** All rows have come. */
  finish(onStage: OnStage): void {
    this.#compareUntil(NO_ROW, [], []);
    this.#compareBalances();
    this.#compareIndex(onStage);
    this.#compareRuns();
  }

  /** Compares what was made of the rows after those that were compared, up to one. */
  #compareUntil(seq: number, postings: Rows, mints: Rows): void {
    const [after, until] = [this.#doneSeq + 1, seq];
    this.#doneSeq = seq;
    const found = allNumbers(this.#selectPostings, after === 1 ? -NO_ROW : after * 2, until * 2 + 1);
    this.#compareRows("posting", found, postings, (id) => id >>> 1);
    const minted = allNumbers(this.#selectMinted, after === 1 ? -NO_ROW : after, until);
    this.#compareRows("minted", minted, mints, (seq) => seq);
  }

  /**
   * Compares a table's rows with those that it must have, both in the order of their keys.
   *
   * @param found all rows of the table between the last call's and the last one that is expected
   */
  #compareRows(table: string, found: Rows, expected: Rows, rowOf: (key: number) => number): void {
    let at = 0;
    const stray = () => this.#add(table, `has ${table} ${found[at++].join()}, which no row makes`);
    for (const must of expected) {
      while (at < found.length && found[at][0] < must[0]) stray();
      const is = found[at]?.[0] === must[0] ? found[at++] : undefined;
      if (is?.every((value, i) => value === must[i]) === true) continue;
      const has = is === undefined ? "none" : is.slice(1).join();
      this.#add(
        table,
        `row ${rowOf(must[0] as number)}: has ${table} ${has}, and must have ${must.slice(1).join()}`,
      );
    }
    while (at < found.length) stray();
  }

  #compareBalances(): void {
    for (const { account, fen } of this.#db.prepare("select account, fen from balance").all()) {
      const expected = this.#balances.get(account as string);
      this.#balances.delete(account as string);
      if (expected === undefined) this.#add("balance", `has an account ${account}, which no row names`);
      else if (fen !== expected) this.#add("balance", `${account} holds ${fen} fen, and not ${expected}`);
    }
    for (const [account, fen] of this.#balances) {
      this.#add("balance", `lacks account ${account}, which holds ${fen} fen`);
    }
  }

  #compareIndex(onStage: OnStage): void {
    const select = returningArrays(
      this.#db.prepare(
        "select run, user, seq, packet from user_award where (run, user, seq) > (?, ?, ?) limit ?",
      ),
    );
    const all = this.#indexed.reduce((sum, state) => sum + state, 0);
    let last: readonly number[] = [-1, -1, -1];
    for (;;) {
      const found = allNumbers(select, ...last.slice(0, 3), STRIDE);
      if (found.length === 0) break;
      for (const [, user, seq, packet] of found) this.#compareEntry(user, seq, packet);
      last = found[found.length - 1];
      onStage("index", found.length, all, "awards");
    }
    this.#indexed.forEach((state, seq) => {
      if (state !== Indexed.must) return;
      this.#add("index", `row ${seq}: lacks the entry of its user ${this.#users[seq]}`);
    });
  }

  #compareEntry(user: number, seq: number, packet: number): void {
    const state = this.#indexed[seq];
    const isRight = this.#users[seq] === user && this.#packets[seq] === packet;
    if (state === Indexed.must && isRight) this.#indexed[seq] = Indexed.is;
    else if (state === Indexed.is) this.#add("index", `row ${seq}: has a second entry, of user ${user}`);
    else if (state === Indexed.must) {
      this.#indexed[seq] = Indexed.is;
      const must = `user ${this.#users[seq]}, packet ${this.#packets[seq]}`;
      this.#add("index", `row ${seq}: has an entry of user ${user}, packet ${packet}, and not of ${must}`);
    } else this.#add("index", `has an entry of user ${user} for row ${seq}, which is no award's`);
  }

  #compareRuns(): void {
    const wrong = this.#db.prepare(`
      with counted as materialized (select run, count(*) as awards from user_award group by run)
      select run, counted.awards as has, run.awards as said, level
      from (select *, ${RUN_LEVEL} as expected from run) as run full join counted using (run)
      where ifnull(counted.awards, 0) is not run.awards or level is not expected`);
    for (const { run, has, said, level } of wrong.iterate()) {
      this.#add(
        "run",
        `run ${run} has ${has ?? 0} entries, and is noted with ${said ?? 0} at level ${level}`,
      );
    }
  }

  #move(account: string, fen: number): void {
    this.#balances.set(account, (this.#balances.get(account) ?? 0) + fen);
  }

  #add(kind: string, line: string): void {
    this.#problems.add(`${PROJECTION_FILE} ${kind}`, `${PROJECTION_FILE}: ${line}`);
  }
}
