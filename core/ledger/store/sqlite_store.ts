import { DatabaseSync, type StatementSync } from "node:sqlite";
import { assert } from "../../base/assert.ts";
import { EntryRows, ROW_FIELDS } from "../record/entry_rows.ts";
import { type EntryStore, StoreFailed } from "../disk/entry_store.ts";
import { hostNumberOf } from "./host_number.ts";
import { FIRST_SENT_ID } from "../../base/id_space.ts";
import type { LedgerLimits } from "../record/ledger.ts";
import { migrate, TRUTH_MIGRATIONS } from "../disk/schema.ts";

/** Name of the truth's file in a ledger's directory. */
export const TRUTH_FILE = "ledger.db";

/** Rows that are read at once: a few ms of work. */
const ROWS_PER_READ = 2_500;
/**
 * Pages of 4 KiB in the log before a commit moves them into the file and begins the log anew: 16 MiB. The projector has
 * moved most of them before, so that winners don't wait for it. Small, so that the log soon is as long as it gets: a sync
 * of a file that grows must wait for whatever else the file system has to write.
 */
const LOG_PAGES = 4_000;

const MANY_ROWS = 16;
const MANY_FIELDS = MANY_ROWS * ROW_FIELDS;
/** Places of a row in a statement. */
const ROW = `(${Array(ROW_FIELDS).fill("?")})`;

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
  readonly begin: StatementSync;
  readonly commit: StatementSync;
  readonly insert: StatementSync;
  /** The same for {@linkcode MANY_ROWS} at once, at half the cost of a row. */
  readonly insertMany: StatementSync;
  readonly insertBody: StatementSync;
  readonly insertEnded: StatementSync;
  readonly selectEnded: StatementSync;
  readonly insertDelivered: StatementSync;
}

/** A ledger's rows in SQLite: a write-ahead log that is synced at every commit. */
export class SqliteStore implements EntryStore {
  readonly #path: string;
  readonly #sync: LedgerSync;
  #open: Open | undefined;
  /** Numbers of so many rows, as a plain array: a typed one is slow to spread. */
  readonly #many = Array<number>(MANY_FIELDS).fill(0);

  /**
   * @param directory it must exist, and be locked by this process
   * @throws UserError if there is something else in it
   * @throws StoreFailed if its disk fails
   */
  constructor(directory: string, sync: LedgerSync = "full") {
    this.#path = `${directory}/${TRUTH_FILE}`;
    this.#sync = sync;
    this.#open = this.#try(() => this.#openFile());
  }

  lastSeq(): number {
    return this.#try(({ db }) => lastSeqOf(db));
  }

  /** Notes limits that come into force, so that a check knows what was allowed. */
  noteLimits(limits: LedgerLimits): void {
    this.#try(({ db }) => {
      const note = db.prepare(
        `insert into limits values (?, ?) on conflict (name) do update set packets =
         case when packets = 0 or excluded.packets = 0 then 0 else max(packets, excluded.packets) end`,
      );
      for (const [name, packets] of Object.entries(limits)) {
        note.run(name, packets === Infinity ? 0 : packets);
      }
    });
  }

  get hostNumber(): number {
    return this.#try(({ db }) => hostNumberOf(db) ?? 0);
  }

  /** Notes for ever whose packet ids this ledger's are. Noting it again changes nothing. */
  noteHost(hostNumber: number): void {
    this.#try(({ db }) => {
      if (hostNumberOf(db) === undefined) db.prepare("insert into host values (?)").run(hostNumber);
      assert(hostNumberOf(db) === hostNumber, "a ledger of another host number was refused at the start");
    });
  }

  /** The loosest limits that were ever in force. */
  limits(): LedgerLimits {
    return this.#try(({ db }) => limitsOf(db));
  }

  append({ values, count, bodies, ended }: EntryRows, delivered: Uint32Array): void {
    const many = this.#many;
    this.#try(({ db, begin, commit, insert, insertMany, insertBody, insertEnded, insertDelivered }) => {
      begin.run();
      try {
        const end = count * ROW_FIELDS;
        let at = 0;
        for (; at + MANY_FIELDS <= end; at += MANY_FIELDS) {
          for (let i = 0; i < MANY_FIELDS; i++) many[i] = values[at + i];
          insertMany.run(...many);
        }
        for (; at < end; at += ROW_FIELDS) {
          insert.run(
            values[at],
            values[at + 1],
            values[at + 2],
            values[at + 3],
            values[at + 4],
            values[at + 5],
            values[at + 6],
            values[at + 7],
          );
        }
        for (const [seq, words] of bodies) insertBody.run(seq, bytesOf(words));
        for (const [packetId, words] of ended) insertEnded.run(endedKey(packetId), bytesOf(words));
        if (delivered.length > 0) insertDelivered.run(bytesOf(delivered));
        commit.run();
      } catch (error) {
        rollBack(db);
        throw error;
      }
    });
  }

  reopen(): void {
    this.#closeFile();
    this.#open = this.#try(() => this.#openFile()); // the statements are made anew with it
    // After a failed sync the kernel may call pages clean that never reached the disk. Moved into the file and synced
    // there, they are written anew.
    this.#try(({ db }) => {
      const { busy } = db.prepare("pragma wal_checkpoint(truncate)").get()!;
      if (busy !== 0) throw new StoreFailed("the log can't be moved into the file: somebody reads it");
    });
  }

  read(afterSeq: number, take: (rows: EntryRows) => void): void {
    this.#try(({ db }) => {
      for (const rows of eachRows(db, afterSeq, Infinity)) take(rows);
    });
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
      migrate(db, this.#path, TRUTH_MIGRATIONS);
      return this.#prepare(db);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  #prepare(db: DatabaseSync): Open {
    return {
      db,
      begin: db.prepare("begin immediate"),
      commit: db.prepare("commit"),
      insert: db.prepare(`insert into entry values ${ROW}`),
      insertMany: db.prepare(`insert into entry values ${Array(MANY_ROWS).fill(ROW)}`),
      insertBody: db.prepare("insert into body values (?, ?)"),
      insertEnded: db.prepare("insert into ended values (?, ?)"),
      selectEnded: selectingEnded(db),
      insertDelivered: db.prepare("insert into delivered (packets) values (?)"),
    };
  }

  #closeFile(): void {
    const open = this.#open;
    this.#open = undefined;
    try {
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

/** The loosest limits that were ever in force in a truth file. */
export function limitsOf(db: DatabaseSync): LedgerLimits {
  const packets = (name: string) =>
    db.prepare("select packets from limits where name = ?").get(name)?.packets as number || Infinity;
  return { packetsPerUser: packets("packetsPerUser"), packetsPerSponsor: packets("packetsPerSponsor") };
}

/** The highest key of a truth file. */
export function lastSeqOf(db: DatabaseSync): number {
  return (db.prepare("select max(seq) as seq from entry").get()!.seq as number | null) ?? 0;
}

/** Rows after a key, up to and including another, in blocks. Each is gone with the next. */
export function* eachRows(db: DatabaseSync, afterSeq: number, untilSeq: number): Generator<EntryRows, void> {
  const select = returningArrays(
    db.prepare(`select * from entry where seq > ? and seq <= ? order by seq limit ${ROWS_PER_READ}`),
  );
  const selectBodies = db.prepare("select seq, words from body where seq > ? and seq <= ?");
  const rows = new EntryRows();
  let seq = afterSeq;
  const until = Math.min(untilSeq, Number.MAX_SAFE_INTEGER);
  for (;;) {
    const found = select.all(seq, until) as unknown as readonly (readonly number[])[];
    if (found.length === 0) return;
    rows.clear();
    for (const row of found) {
      const at = rows.next();
      for (let i = 0; i < ROW_FIELDS; i++) rows.values[at + i] = row[i];
    }
    const last = found[found.length - 1][0];
    for (const { seq: of, words } of selectBodies.iterate(seq, last)) {
      rows.bodies.set(of as number, wordsOf(words as Uint8Array));
    }
    seq = last;
    yield rows;
  }
}

/** Ended packets lie by their place in the order of sending, so that new ones come to the end of the table. */
function endedKey(packetId: number): number {
  return FIRST_SENT_ID + 1 - packetId;
}

/** For {@linkcode endedOf}. */
export function selectingEnded(db: DatabaseSync): StatementSync {
  return db.prepare("select words from ended where number = ?");
}

/** The words of a packet that has ended; undefined if they aren't there. */
export function endedOf(select: StatementSync, packetId: number): Uint32Array | undefined {
  const row = select.get(endedKey(packetId));
  return row === undefined ? undefined : wordsOf(row.words as Uint8Array);
}

/** Lets a statement return rows as arrays, at two thirds of the cost. Deno has it, its types don't yet. */
export function returningArrays(statement: StatementSync): StatementSync {
  (statement as StatementSync & { setReturnArrays(enabled: boolean): void }).setReturnArrays(true);
  return statement;
}

/** Hands over what was delivered after a mark; returns the last mark. */
export function readDelivered(
  db: DatabaseSync,
  afterMark: number,
  take: (words: Uint32Array) => void,
): number {
  let last = afterMark;
  const select = db.prepare("select mark, packets from delivered where mark > ? order by mark");
  for (const { mark, packets } of select.iterate(afterMark)) {
    take(wordsOf(packets as Uint8Array));
    last = mark as number;
  }
  return last;
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** Copied, since a blob may lie anywhere. */
function wordsOf(blob: Uint8Array): Uint32Array {
  const bytes = blob.slice();
  return new Uint32Array(bytes.buffer, 0, bytes.length >>> 2);
}

/** Whatever is left of a transaction goes; SQLite has often done it already. */
export function rollBack(db: DatabaseSync): void {
  try {
    db.exec("rollback");
  } catch {
    // No transaction is open any more, or the medium is gone: the file is closed next.
  }
}

/** Whether an error of SQLite blames the medium. */
function isOfMedium(error: unknown): boolean {
  if (error instanceof StoreFailed) return true;
  if (!(error instanceof Error)) return false;
  // Errors of a statement have a number; those of opening a file or of `exec` have only their message.
  if ("errcode" in error && typeof error.errcode === "number") return MEDIUM_CODES.has(error.errcode & 0xff);
  return "code" in error && error.code === "ERR_SQLITE_ERROR" && MEDIUM_MESSAGE.test(error.message);
}
