import { DatabaseSync, type StatementSync } from "node:sqlite";
import { assert } from "../../base/assert.ts";
import { UserError } from "../../base/user_error.ts";
import type { Link } from "../chain/chain.ts";
import { kinds } from "../kinds/entry_kinds.ts";
import type { EntryRows } from "../record/entry_rows.ts";
import { type EntryStore, StoreFailed } from "../disk/entry_store.ts";
import type { DurableTime } from "../record/durable_time.ts";
import type { LedgerLimits } from "../record/ledger.ts";
import { hexOf, linkAt } from "../chain/links.ts";
import { durableTimeOf, hostNumberOf, limitsOf, type Note, noteOf, notesOf } from "../chain/notes.ts";
import { ChainBroken, eachProven } from "../chain/prove_chain.ts";
import { makeSchema, TRUTH_MIGRATIONS } from "../disk/schema.ts";
import { endedOf, lastSeqOf, readDelivered, selectingEnded } from "../disk/sqlite_rows.ts";
import { TruthWriter } from "../chain/truth_writer.ts";

/** Name of the truth's file in a ledger's directory. */
export const TRUTH_FILE = "ledger.db";

/**
 * Pages of 4 KiB in the log before a commit moves them into the file and begins the log anew: 16 MiB. The projector has
 * moved most of them before, so that winners don't wait for it. Small, so that the log soon is as long as it gets: a sync
 * of a file that grows must wait for whatever else the file system has to write.
 */
const LOG_PAGES = 4_000;

const RESTORE = "restore it from a copy";

/** How hard a commit tries: `full` survives a power loss, `off` only the process's own end. */
export type LedgerSync = "full" | "off";

/** SQLite's primary result codes that blame the medium, not this program, and how their messages begin. */
const MEDIUM_MESSAGE =
  /^(database (table )?is locked|out of memory|attempt to write a readonly|disk I\/O error|database or disk is full|unable to open)/;
const MEDIUM_CODES = new Set([
  5, // BUSY
  6, // LOCKED
  7, // NOMEM
  8, // READONLY
  10, // IOERR
  13, // FULL
  14, // CANTOPEN
]);

interface Open {
  readonly db: DatabaseSync;
  readonly writer: TruthWriter;
  readonly selectEnded: StatementSync;
}

/** A ledger's rows in SQLite: a write-ahead log that is synced at every commit. */
export class SqliteStore implements EntryStore {
  readonly #directory: string;
  readonly #path: string;
  readonly #sync: LedgerSync;
  #open: Open | undefined;

  /**
   * @param directory it must exist, and be locked by this process
   * @throws UserError if there is something else in it
   * @throws StoreFailed if its disk fails
   */
  constructor(directory: string, sync: LedgerSync = "full") {
    this.#directory = directory;
    this.#path = `${directory}/${TRUTH_FILE}`;
    this.#sync = sync;
    this.#open = this.#try(() => this.#openFile());
    try {
      this.#try(({ writer }) => writer.markTip());
    } catch (error) {
      this.#closeFile();
      throw error;
    }
  }

  lastSeq(): number {
    return this.#try(({ db }) => lastSeqOf(db));
  }

  /** What the ledger is with the commit that brought its last row. */
  get lastRow(): Link {
    return this.#try(({ writer }) => writer.lastRow);
  }

  /** Adds a row that the ledger says of itself. */
  note(note: Note, wallMs: number): void {
    this.#try(({ writer }) => writer.note(note, wallMs));
  }

  /** Notes limits that come into force, if others were. */
  noteLimits(limits: LedgerLimits, wallMs: number): void {
    this.#try(({ db, writer }) => {
      const note = noteOf(kinds.limits, limits);
      const last = notesOf(db, kinds.limits).at(-1);
      if (last?.body.join() !== note.body.join()) writer.note(note, wallMs);
    });
  }

  get hostNumber(): number {
    return this.#try(({ db }) => hostNumberOf(db) ?? 0);
  }

  /** Notes for ever whose packet ids this ledger's are, if it has none yet and others than those of number 0. */
  noteHost(hostNumber: number, wallMs: number): void {
    this.#try(({ db, writer }) => {
      if (hostNumber === (hostNumberOf(db) ?? 0)) return;
      assert(hostNumberOf(db) === undefined, "a ledger of another host number is refused before");
      writer.note(noteOf(kinds.host, hostNumber), wallMs);
    });
  }

  durableTime(): DurableTime | undefined {
    return this.#try(({ db }) => durableTimeOf(db));
  }

  /** The loosest limits that were ever in force. */
  limits(): LedgerLimits {
    return this.#try(({ db }) => limitsOf(db));
  }

  append(rows: EntryRows, delivered: Uint32Array): void {
    this.#try(({ writer }) => writer.append(rows, delivered));
  }

  reopen(): void {
    this.#closeFile();
    this.#open = this.#try(() => this.#openFile()); // the statements are made anew with it
    // After a failed sync the kernel may call pages clean that never reached the disk. Moved into the file and synced
    // there, they are written anew.
    this.#try(({ db, writer }) => {
      const { busy } = db.prepare("pragma wal_checkpoint(truncate)").get()!;
      if (busy !== 0) throw new StoreFailed("the log can't be moved into the file: somebody reads it");
      writer.markTip();
    });
  }

  read(afterSeq: number, take: (rows: EntryRows) => void): void {
    this.#try(({ db }) => {
      const from = linkAt(db, afterSeq);
      if (from === undefined) throw new UserError(`row ${afterSeq} of the ledger ends no commit: ${RESTORE}`);
      try {
        for (const rows of eachProven(db, from)) take(rows);
      } catch (error) {
        if (!(error instanceof ChainBroken)) throw error;
        throw new UserError(`the ledger's ${error.message}: ${RESTORE}`);
      }
    });
  }

  headAt(seq: number): string | undefined {
    const link = this.#try(({ db }) => linkAt(db, seq));
    return link && hexOf(link.head);
  }

  readDelivered(afterMark: number, take: (words: Uint32Array) => void): number {
    return this.#try(({ db }) => readDelivered(db, afterMark, take));
  }

  ended(packetId: number): Uint32Array | undefined {
    return this.#try(({ selectEnded }) => endedOf(selectEnded, packetId));
  }

  close(): void {
    try {
      // The projector reads on, so closing alone would leave the log as it is.
      this.#open?.db.exec("pragma wal_checkpoint(truncate)");
    } catch (error) {
      if (!isOfMedium(error)) throw error;
    }
    this.#closeFile();
  }

  #openFile(): Open {
    const db = new DatabaseSync(this.#path);
    try {
      db.exec(`
        pragma busy_timeout = 2000;
        pragma journal_mode = wal;
        pragma synchronous = ${this.#sync};
        pragma wal_autocheckpoint = ${LOG_PAGES};
      `);
      makeSchema(db, this.#path, TRUTH_MIGRATIONS);
      return { db, writer: new TruthWriter(db, this.#directory), selectEnded: selectingEnded(db) };
    } catch (error) {
      db.close();
      throw error;
    }
  }

  #closeFile(): void {
    const open = this.#open;
    this.#open = undefined;
    try {
      open?.writer.close();
      open?.db.close();
    } catch (error) {
      if (!isOfMedium(error)) throw error;
    }
  }

  #try<T>(run: (open: Open) => T): T {
    try {
      return run(this.#open!);
    } catch (error) {
      if (error instanceof StoreFailed) throw error;
      if (!isOfMedium(error)) throw error;
      throw new StoreFailed(`${this.#path}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Whether an error of SQLite, or of the system, blames the medium. */
export function isOfMedium(error: unknown): boolean {
  if (error instanceof StoreFailed) return true;
  if (!(error instanceof Error)) return false;
  // Of the system: a file that isn't there is no fault of its medium.
  if ("code" in error && /^E[A-Z]+$/.test(String(error.code))) return error.code !== "ENOENT";
  // Errors of a statement have a number; those of opening a file or of `exec` have only their message.
  if ("errcode" in error && typeof error.errcode === "number") return MEDIUM_CODES.has(error.errcode & 0xff);
  return "code" in error && error.code === "ERR_SQLITE_ERROR" && MEDIUM_MESSAGE.test(error.message);
}
