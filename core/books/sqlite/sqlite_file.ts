import { DatabaseSync } from "node:sqlite";
import { exists } from "../../base/exists.ts";
import { UserError } from "../../base/user_error.ts";
import { BooksAway } from "../contract/books_away.ts";
import { notMade } from "../contract/schema.ts";

/** How long a process waits for another that writes into the same file. */
const BUSY_MS = 5_000;
/** Primary result codes of SQLite that pass by: busy, locked, out of memory, read-only, I/O, full, can't open. */
const PASSING = new Set([5, 6, 7, 8, 10, 13, 14]);
const PASSING_WORDS =
  /^(database (table )?is locked|out of memory|attempt to write a readonly|disk I\/O error|database or disk is full|unable to open)/;
/** Marks a file as books: "rpkb". */
const APPLICATION_ID = 0x72706b62;

/** Books in one SQLite file, which several processes may have open at once. */
export class SqliteFile {
  readonly path: string;
  readonly db: DatabaseSync;

  private constructor(path: string, db: DatabaseSync) {
    this.path = path;
    this.db = db;
  }

  /**
   * Opens the file, or makes an empty one if that is allowed.
   *
   * @throws UserError if there is none, or something else
   * @throws BooksAway if its disk fails
   */
  static open(path: string, mayMake = false): SqliteFile {
    if (!mayMake && !exists(path)) throw notMade(path);
    return passing(path, () => {
      const db = new DatabaseSync(path);
      try {
        db.exec(`pragma busy_timeout = ${BUSY_MS}`);
        refuseOther(db, path);
        db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on`);
        return new SqliteFile(path, db);
      } catch (error) {
        db.close();
        throw error;
      }
    });
  }

  /** Runs something that reads. @throws BooksAway */
  read<T>(ask: (db: DatabaseSync) => T): T {
    return passing(this.path, () => ask(this.db));
  }

  /** Runs something as one transaction, which is durable when it returns. @throws BooksAway */
  write<T>(change: (db: DatabaseSync) => T): T {
    return passing(this.path, () => {
      this.db.exec("begin immediate");
      try {
        const result = change(this.db);
        this.db.exec("commit");
        return result;
      } catch (error) {
        if (this.db.isTransaction) this.db.exec("rollback");
        throw error;
      }
    });
  }

  /** Marks a file that was empty as books. Within a transaction. */
  mark(): void {
    this.db.exec(`pragma application_id = ${APPLICATION_ID}`);
  }

  close(): void {
    if (this.db.isOpen) this.db.close();
  }
}

function refuseOther(db: DatabaseSync, path: string): void {
  const id = db.prepare("pragma application_id").get()!.application_id;
  const isEmpty = db.prepare("select count(*) as n from sqlite_schema").get()!.n === 0;
  if (isEmpty || id === APPLICATION_ID) return;
  throw new UserError(`--books ${path}: is a database of another program. Name another file`);
}

function passing<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    if (error.code !== "ERR_SQLITE_ERROR") throw error;
    const code = "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
    if (code === 26) throw new UserError(`--books ${path}: is no database. Name another file`);
    const passes = code === undefined ? PASSING_WORDS.test(error.message) : PASSING.has(code);
    if (!passes) throw error;
    throw new BooksAway(`${path}: ${error.message}`, { cause: error });
  }
}
