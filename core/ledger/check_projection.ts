import type { StatementSync } from "node:sqlite";
import type { OnStage } from "../cli/progress.ts";
import { balanceAccount, legsOf } from "./accounts.ts";
import { checkSchema } from "./check_schema.ts";
import { isOfAward } from "./entry.ts";
import { type EntryRows, RowField } from "./entry_rows.ts";
import type { Problems } from "./problems.ts";
import { PROJECTION_FILE } from "./projection.ts";
import { projectedSeq } from "./projection_reader.ts";
import { PROJECTION_MIGRATIONS, RUN_LEVEL } from "./schema.ts";
import { allNumbers, returningArrays } from "./sqlite_rows.ts";
import type { UntouchedDatabase } from "./untouched.ts";

/** How a row and the index by user stand: it needn't be there, it must be, it is. */
const Indexed = { no: 0, must: 1, is: 2 } as const;
/** Entries of the index between two tellings of how far it is, and until the file is let go for a moment. */
const STRIDE = 100_000;

/**
 * Compares a projection with the rows that it was made of: every posting, balance and entry of the index, what is there
 * and what should be. Rows come in order, in blocks; it remembers 5 bytes of each.
 */
export class ProjectionCheck {
  /** The last row that it has taken in. */
  readonly seq: number;
  readonly #db: UntouchedDatabase;
  readonly #problems: Problems;
  readonly #selectPostings: StatementSync;
  readonly #balances = new Map<string, number>();
  readonly #users: Uint32Array;
  readonly #indexed: Uint8Array;
  /** The key of the first posting that wasn't compared yet. */
  #nextId = Number.MIN_SAFE_INTEGER;

  /** @param lastSeq of the truth */
  constructor(db: UntouchedDatabase, lastSeq: number, problems: Problems) {
    this.#db = db;
    this.#problems = problems;
    checkSchema(db, PROJECTION_FILE, PROJECTION_MIGRATIONS, problems);
    const seq = projectedSeq(db);
    if (seq > lastSeq) this.#add("progress", `has row ${seq}, and the ledger ends with row ${lastSeq}`);
    this.seq = Math.min(seq, lastSeq);
    this.#users = new Uint32Array(this.seq + 1);
    this.#indexed = new Uint8Array(this.seq + 1);
    this.#selectPostings = returningArrays(
      db.prepare("select id, account, fen from posting where id between ? and ? order by id"),
    );
  }

  /** The next rows of the truth; those after {@linkcode seq} aren't looked at. */
  add(rows: EntryRows): void {
    const { values } = rows;
    const expected: [id: number, account: string, fen: number][] = [];
    for (let row = 0; row < rows.count; row++) {
      const at = rows.at(row);
      const seq = values[at + RowField.seq];
      if (seq > this.seq) break;
      const fen = values[at + RowField.amount];
      const [from, to] = legsOf(values, at);
      expected.push([seq * 2, from, -fen], [seq * 2 + 1, to, fen]);
      this.#move(balanceAccount(from), -fen);
      this.#move(balanceAccount(to), fen);
      if (!isOfAward(values[at + RowField.kind])) continue;
      this.#users[seq] = values[at + RowField.user];
      this.#indexed[seq] = Indexed.must;
    }
    if (expected.length > 0) this.#comparePostings(expected);
  }

  /** All rows have come. */
  finish(onStage: OnStage): void {
    const more = this.#db.prepare("select id from posting where id >= ? order by id");
    for (const { id } of more.iterate(this.#nextId)) {
      this.#add("posting", `has posting ${id}, which no row makes`);
    }
    this.#compareBalances();
    this.#compareIndex(onStage);
    this.#compareRuns();
  }

  #comparePostings(expected: readonly [id: number, account: string, fen: number][]): void {
    const last = expected[expected.length - 1][0];
    const found = allNumbers(this.#selectPostings, this.#nextId, last) as unknown as typeof expected;
    this.#nextId = last + 1;
    let at = 0;
    for (const [id, account, fen] of expected) {
      for (; at < found.length && found[at][0] < id; at++) {
        this.#add("posting", `has posting ${found[at][0]}, which no row makes`);
      }
      const row = id >>> 1;
      if (at === found.length || found[at][0] !== id) {
        this.#add("posting", `row ${row}: lacks its posting of ${fen} fen to ${account}`);
        continue;
      }
      const [, foundAccount, foundFen] = found[at++];
      if (foundAccount === account && foundFen === fen) continue;
      this.#add(
        "posting",
        `row ${row}: posts ${foundFen} fen to ${foundAccount}, and not ${fen} to ${account}`,
      );
    }
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
      this.#db.prepare("select run, user, seq from user_award where (run, user, seq) > (?, ?, ?) limit ?"),
    );
    const all = this.#indexed.reduce((sum, state) => sum + state, 0);
    let last: readonly number[] = [-1, -1, -1];
    for (;;) {
      const found = allNumbers(select, ...last, STRIDE);
      if (found.length === 0) break;
      for (const [, user, seq] of found) this.#compareEntry(user, seq);
      last = found[found.length - 1];
      onStage("index", found.length, all, "awards");
    }
    this.#indexed.forEach((state, seq) => {
      if (state !== Indexed.must) return;
      this.#add("index", `row ${seq}: lacks the entry of its user ${this.#users[seq]}`);
    });
  }

  #compareEntry(user: number, seq: number): void {
    const state = this.#indexed[seq];
    if (state === Indexed.must && this.#users[seq] === user) this.#indexed[seq] = Indexed.is;
    else if (state === Indexed.is) this.#add("index", `row ${seq}: has a second entry, of user ${user}`);
    else if (state === Indexed.must) {
      this.#indexed[seq] = Indexed.is;
      this.#add("index", `row ${seq}: has an entry of user ${user}, and not ${this.#users[seq]}`);
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
