import { DatabaseSync, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { UserError } from "../../base/user_error.ts";
import { legsSql } from "../kinds/accounts.ts";
import { EntryKind, numbersOf } from "../kinds/entry_kinds.ts";
import { HELD } from "../record/entry.ts";
import { hexOf } from "../chain/links.ts";
import { makeSchema, PROJECTION_MIGRATIONS, RUN_LEVEL, SchemaOld } from "../disk/schema.ts";
import { setAside } from "../disk/set_aside.ts";
import { TRUTH_FILE } from "../store/sqlite_store.ts";
import { rollBack } from "../chain/truth_writer.ts";

/** Name of the projection's file in a ledger's directory. */
export const PROJECTION_FILE = "projection.db";

/** So many runs of one level, which are about as long, are merged into one. */
const RUNS_PER_MERGE = 64;
/** Awards that a piece of a merge moves, or about so many: a few ms of work. */
const AWARDS_PER_PIECE = 4_096;
/** The largest number in SQLite that is a safe integer here: above every user id. */
const NO_USER = Number.MAX_SAFE_INTEGER;

const ROWS = "truth.entry where seq > ?1 and seq <= ?2";

/** Both legs of each row, in the order of their keys. */
function postSql(): string {
  const [from, to] = legsSql();
  return `
  insert into posting
  select seq * 2 + leg, iif(leg, ${to}, ${from}), iif(leg, amount, -amount)
  from truth.entry cross join (select 0 as leg union all select 1) where seq > ?1 and seq <= ?2`;
}

/** Summed up by few numbers first, since names are slow. */
function balanceSql(): string {
  const [from, to] = legsSql(true);
  return `
  with moved as materialized (
    select kind, sponsor, count = ${HELD} as count, sum(amount) as amount from ${ROWS}
    group by kind, sponsor, count = ${HELD}
  )
  insert into balance
  select account, sum(fen) from (
    select ${from} as account, -amount as fen from moved
    union all select ${to}, amount from moved
  ) where true group by account
  on conflict (account) do update set fen = fen + excluded.fen`;
}

const indexSql = () => `
  insert into user_award
  select ?3, user, seq, packet from ${ROWS} and kind in (${
  numbersOf(({ award }) => award !== undefined)
}) order by user, seq`;

const MINTED = `
  insert into minted
  select seq, packet, count, sponsor, amount from ${ROWS} and kind = ${EntryKind.mint}`;
/** The last commit within so many rows, or the next one if it has more; of those that brought a row, not marks alone. */
const LAST = `
  select seq, head from truth.link where seq = coalesce(
    (select max(seq) from truth.link where seq > ?1 and seq <= ?2),
    (select min(seq) from truth.link where seq > ?1)
  ) order by mark limit 1`;

/** Runs that are being merged into one, user by user. */
interface Merge {
  readonly into: number;
  /** The runs, as SQL wants to see them. */
  readonly runs: string;
  /** The largest of them, which tells about how far all of them get. */
  readonly largest: number;
  /** The users before this one are done. */
  fromUser: number;
}

/**
 * What people ask a ledger for: postings, balances, a user's awards. Made from the truth's rows in bulk and always a
 * little behind; nothing is decided by it, and it can be thrown away and made again. The rows go from one file to the
 * other within SQLite: brought into the program and back they cost twice as much.
 *
 * The index by user consists of runs: each bulk is sorted and appended as a whole, so that no bulk touches pages all
 * over an index that is larger than memory. A question looks into each run.
 */
export class Projection {
  readonly #db: DatabaseSync;
  readonly #post: StatementSync;
  readonly #balance: StatementSync;
  readonly #index: StatementSync;
  readonly #minted: StatementSync;
  readonly #progress: StatementSync;
  readonly #last: StatementSync;
  readonly #ledger: string;
  #seq: number;
  #merge: Merge | undefined;

  /** @throws UserError if there is something else in the directory, or it is of rows that the ledger doesn't have */
  constructor(directory: string) {
    const path = `${directory}/${PROJECTION_FILE}`;
    const db = this.#db = new DatabaseSync(path);
    try {
      // Lost rows are made again, so it needn't sync at every commit; the log keeps it whole.
      db.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000");
      makeSchema(db, path, PROJECTION_MIGRATIONS);
      db.prepare("attach ? as truth").run(`${pathToFileURL(`${directory}/${TRUTH_FILE}`)}?mode=ro`);
      this.#post = db.prepare(postSql());
      this.#balance = db.prepare(balanceSql());
      this.#index = db.prepare(indexSql());
      this.#minted = db.prepare(MINTED);
      this.#progress = db.prepare("update progress set seq = ?, head = ?, ledger = ?");
      this.#last = db.prepare(LAST);
      this.#ledger = db.prepare("select id from truth.identity").get()!.id as string;
      this.#seq = this.#checkedSeq();
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Opens the projection; if it is damaged or of an older program, makes it anew from nothing. */
  static openOrRebuild(directory: string, wallMs: number): Projection {
    try {
      return new Projection(directory);
    } catch (error) {
      // A schema of a newer program is not damage.
      if (error instanceof UserError && !(error instanceof SchemaOld)) throw error;
    }
    Projection.setAside(directory, wallMs);
    return new Projection(directory);
  }

  /** Gives the files another name, since they may know what nobody else knows. Returns the new name, if there are any. */
  static setAside(directory: string, wallMs: number): string | undefined {
    return setAside(directory, PROJECTION_FILE, wallMs);
  }

  /** The last row that is in it. */
  get seq(): number {
    return this.#seq;
  }

  /**
   * Adds the next commits, about so many rows, all or none. Returns how many rows there were.
   *
   * @param onPiece called between pieces of a few ms of work
   */
  apply(most: number, onPiece: () => void): number {
    const found = this.#last.get(this.#seq, this.#seq + most);
    if (found === undefined) return 0;
    const { seq: last, head } = found as { seq: number; head: Uint8Array };
    this.#write(() => {
      this.#post.run(this.#seq, last);
      onPiece();
      this.#balance.run(this.#seq, last);
      onPiece();
      const run = this.#nextRun();
      const { changes: awards } = this.#index.run(this.#seq, last, run);
      if (awards !== 0) this.#addRun(run, awards as number);
      this.#minted.run(this.#seq, last);
      this.#progress.run(last, hexOf(head), this.#ledger);
      onPiece();
    });
    const rows = last - this.#seq;
    this.#seq = last;
    return rows;
  }

  /**
   * Merges runs if there are many, a piece at a time: each leaves every award in one run or the other. What a merge that
   * was broken off leaves are runs like any others. Returns whether there was something to do.
   */
  merge(): boolean {
    const merge = this.#merge ??= this.#beginMerge();
    if (merge === undefined) return false;
    const { into, runs, largest, fromUser } = merge;
    const found = this.#db.prepare(
      "select user from user_award where run = ? and user >= ? order by user limit 1 offset ?",
    ).get(largest, fromUser, AWARDS_PER_PIECE / RUNS_PER_MERGE);
    // A user's awards stay together, so a piece has one user at least.
    const toUser = found === undefined ? NO_USER : Math.max(found.user as number, fromUser + 1);
    const piece = `user >= ${fromUser} and user < ${toUser}`;
    const moved = `from user_award where run in (${runs}) and ${piece}`;
    this.#write(() => {
      const { changes } = this.#db.prepare(
        `insert into user_award select ${into}, user, seq, packet ${moved} order by user, seq`,
      ).run();
      this.#db.exec(`
        update run set awards = awards + ${changes} where run = ${into};
        update run set awards = awards -
          (select count(*) from user_award where user_award.run = run.run and ${piece}) where run in (${runs});
        update run set level = ${RUN_LEVEL} where run in (${into}, ${runs});
        delete ${moved}`);
      if (found === undefined) this.#db.exec(`delete from run where run in (${runs})`);
    });
    if (found === undefined) this.#merge = undefined;
    else merge.fromUser = toUser;
    return true;
  }

  close(): void {
    this.#db.close();
  }

  /** The last row that is in it, if it is a row of this ledger. */
  #checkedSeq(): number {
    const { seq, ledger, head } = this.#db.prepare("select * from progress").get()! as {
      seq: number;
      ledger: string | null;
      head: string | null;
    };
    if (seq === 0) return 0;
    const link = this.#db.prepare("select head from truth.link where seq = ? order by mark limit 1").get(seq);
    const isOfTruth = ledger === this.#ledger && link !== undefined &&
      hexOf(link.head as Uint8Array) === head;
    // Nobody made it anew at the start, so it came since: it may know what the truth doesn't.
    if (!isOfTruth) {
      throw new UserError(`${PROJECTION_FILE} knows another history of row ${seq} than the ledger`);
    }
    return seq;
  }

  #beginMerge(): Merge | undefined {
    const due = this.#db.prepare(
      `select level from run group by level having count(*) >= ${RUNS_PER_MERGE} limit 1`,
    ).get();
    if (due === undefined) return undefined;
    const level = due.level as number;
    const found = this.#db.prepare(
      `select run from run where level = ? order by awards desc limit ${RUNS_PER_MERGE}`,
    ).all(level) as { run: number }[];
    const runs = found.map(({ run }) => run);
    const into = this.#nextRun();
    this.#addRun(into, 0);
    return { into, runs: runs.join(), largest: runs[0], fromUser: 0 };
  }

  #addRun(run: number, awards: number): void {
    this.#db.prepare("insert into run values (?, 0, ?)").run(run, awards);
    this.#db.exec(`update run set level = ${RUN_LEVEL} where run = ${run}`);
  }

  #nextRun(): number {
    return this.#db.prepare("select coalesce(max(run), 0) + 1 as run from run").get()!.run as number;
  }

  /** All of it or nothing. */
  #write(change: () => void): void {
    this.#db.exec("begin"); // the truth is only read, so nothing may be locked there
    try {
      change();
      this.#db.exec("commit");
    } catch (error) {
      rollBack(this.#db);
      throw error;
    }
  }
}
