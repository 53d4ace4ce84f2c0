import { DatabaseSync, type StatementSync } from "node:sqlite";
import { UserError } from "../cli/user_error.ts";
import { balanceAccount, legsOf } from "./accounts.ts";
import { isOfAward } from "./entry.ts";
import { type EntryRows, ROW_FIELDS, RowField } from "./entry_rows.ts";
import { migrate, PROJECTION_MIGRATIONS } from "./schema.ts";
import { rollBack } from "./sqlite_store.ts";

/** SQLite's result codes for a file that isn't as it must be: CORRUPT and NOTADB. */
const DAMAGE_CODES = new Set([11, 26]);

/** Name of the projection's file in a ledger's directory. */
export const PROJECTION_FILE = "projection.db";

/** So many runs of one level are merged into one of the next. */
const RUNS_PER_MERGE = 16;
/** A merge of more awards would hold up the projection for longer than a second. */
const MOST_MERGED = 400_000;
/** Rows of a bulk are sorted by user and place in one number. */
const PLACES = 2 ** 20;

/**
 * What people ask a ledger for: postings, balances, a user's awards. Made from the truth's rows in bulk and always a
 * little behind; nothing is decided by it, and it can be thrown away and made again.
 *
 * The index by user consists of runs: each bulk is sorted and appended as a whole, so that no bulk touches pages all
 * over an index that is larger than memory. A question looks into each run.
 */
export class Projection {
  readonly #db: DatabaseSync;
  readonly #insertPostings: StatementSync;
  readonly #insertAward: StatementSync;
  readonly #addBalance: StatementSync;
  #seq: number;

  /** @throws UserError if there is something else in the directory */
  constructor(directory: string) {
    const path = `${directory}/${PROJECTION_FILE}`;
    const db = this.#db = new DatabaseSync(path);
    // Lost rows are made again, so it needn't sync at every commit; the log keeps it whole.
    db.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000");
    migrate(db, path, PROJECTION_MIGRATIONS);
    this.#insertPostings = db.prepare("insert into posting values (?, ?, ?), (?, ?, ?)");
    this.#insertAward = db.prepare("insert into user_award values (?, ?, ?)");
    this.#addBalance = db.prepare(
      "insert into balance values (?, ?) on conflict (account) do update set fen = fen + excluded.fen",
    );
    this.#seq = db.prepare("select seq from progress").get()!.seq as number;
  }

  /** Opens the projection; if it is damaged or of another ledger, makes it anew from nothing. */
  static openOrRebuild(directory: string, truthSeq: number): Projection {
    try {
      const projection = new Projection(directory);
      if (projection.seq <= truthSeq) return projection;
      projection.close();
    } catch (error) {
      // A schema of a newer program is not damage.
      if (error instanceof UserError) throw error;
    }
    Projection.remove(directory);
    return new Projection(directory);
  }

  /** Whether an error says that the file is damaged, so that it must be made anew. */
  static isDamage(error: unknown): boolean {
    return error instanceof Error && "errcode" in error && DAMAGE_CODES.has(Number(error.errcode) & 0xff);
  }

  static remove(directory: string): void {
    for (const suffix of ["", "-wal", "-shm"]) {
      try {
        Deno.removeSync(`${directory}/${PROJECTION_FILE}${suffix}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }

  /** The last row that is in it. */
  get seq(): number {
    return this.#seq;
  }

  /** Adds the next rows, all or none. */
  apply(rows: EntryRows): void {
    this.#db.exec("begin immediate");
    try {
      this.#post(rows);
      this.#index(rows);
      const seq = rows.values[rows.at(rows.count - 1) + RowField.seq];
      this.#db.prepare("update progress set seq = ?").run(seq);
      this.#db.exec("commit");
      this.#seq = seq;
    } catch (error) {
      rollBack(this.#db);
      throw error;
    }
  }

  /** Merges runs if there are many small ones. Returns whether it did. */
  merge(): boolean {
    const due = this.#db.prepare(
      `select level, count(*) as runs, sum(awards) as awards from run group by level
       having runs >= ${RUNS_PER_MERGE} and awards <= ${MOST_MERGED} limit 1`,
    ).get();
    if (due === undefined) return false;
    const runs = this.#db.prepare("select run from run where level = ?").all(due.level as number)
      .map(({ run }) => run as number).join(",");
    const run = this.#nextRun();
    try {
      this.#db.exec(
        `begin immediate;
       insert into user_award select ${run}, user, seq from user_award where run in (${runs}) order by user, seq;
       delete from user_award where run in (${runs});
       delete from run where run in (${runs});
       insert into run values (${run}, ${(due.level as number) + 1}, ${due.awards});
       commit`,
      );
    } catch (error) {
      rollBack(this.#db);
      throw error;
    }
    return true;
  }

  close(): void {
    this.#db.close();
  }

  #post({ values, count }: EntryRows): void {
    const sums = new Map<string, number>();
    const add = (account: string, fen: number) => sums.set(account, (sums.get(account) ?? 0) + fen);
    for (let row = 0; row < count; row++) {
      const at = row * ROW_FIELDS;
      const fen = values[at + RowField.amount];
      const [from, to] = legsOf(values, at);
      const id = values[at + RowField.seq] * 2;
      this.#insertPostings.run(id, from, -fen, id + 1, to, fen);
      add(balanceAccount(from), -fen);
      add(balanceAccount(to), fen);
    }
    for (const [account, fen] of sums) this.#addBalance.run(account, fen);
  }

  #index({ values, count }: EntryRows): void {
    const keys = new Float64Array(count);
    let awards = 0; // and what became of them
    for (let row = 0; row < count; row++) {
      const at = row * ROW_FIELDS;
      if (isOfAward(values[at + RowField.kind])) {
        keys[awards++] = values[at + RowField.user] * PLACES + row;
      }
    }
    if (awards === 0) return;
    const run = this.#nextRun();
    for (const key of keys.subarray(0, awards).sort()) {
      const row = key % PLACES;
      this.#insertAward.run(run, (key - row) / PLACES, values[row * ROW_FIELDS + RowField.seq]);
    }
    this.#db.prepare("insert into run values (?, 0, ?)").run(run, awards);
  }

  #nextRun(): number {
    return this.#db.prepare("select coalesce(max(run), 0) + 1 as run from run").get()!.run as number;
  }
}
