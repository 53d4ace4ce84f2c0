import type { DatabaseSync, StatementSync } from "node:sqlite";
import { assert } from "../../base/assert.ts";
import { UserError } from "../../base/user_error.ts";
import { commitOf, type Link, LinkHasher } from "./chain.ts";
import { HeadMark } from "./head_mark.ts";
import { type EntryRows, ROW_FIELDS } from "../record/entry_rows.ts";
import { ledgerIdOf, linkAt, tipOf } from "./links.ts";
import { kinds } from "../kinds/entry_kinds.ts";
import { durableTimeOf, type Note, noteOf, rowsOfNote } from "./notes.ts";
import { endedKey } from "../disk/sqlite_rows.ts";

const MANY_ROWS = 16;
const MANY_FIELDS = MANY_ROWS * ROW_FIELDS;
/** Places of a row in a statement. */
const ROW = `(${Array(ROW_FIELDS).fill("?")})`;
const NO_MARKS = new Uint32Array();

/** Adds commits to an open truth file, each with its link. Nothing else ever writes to it. */
export class TruthWriter {
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #selectTip: StatementSync;
  readonly #insert: StatementSync;
  /** The same for {@linkcode MANY_ROWS} at once, at half the cost of a row. */
  readonly #insertMany: StatementSync;
  readonly #insertBody: StatementSync;
  readonly #insertEnded: StatementSync;
  readonly #insertDelivered: StatementSync;
  readonly #insertLink: StatementSync;
  readonly #hasher = new LinkHasher();
  /** Numbers of so many rows, as a plain array: a typed one is slow to spread. */
  readonly #many = Array<number>(MANY_FIELDS).fill(0);
  readonly #mark: HeadMark;
  #tip: Link;
  #lastRow: Link;

  /** @throws StoreFailed if the mark beside the file can't be opened */
  constructor(db: DatabaseSync, directory: string) {
    this.#db = db;
    this.#begin = db.prepare("begin immediate");
    this.#commit = db.prepare("commit");
    this.#selectTip = db.prepare("select seq, mark from link order by seq desc, mark desc limit 1");
    this.#insert = db.prepare(`insert into entry values ${ROW}`);
    this.#insertMany = db.prepare(`insert into entry values ${Array(MANY_ROWS).fill(ROW)}`);
    this.#insertBody = db.prepare("insert into body values (?, ?)");
    this.#insertEnded = db.prepare("insert into ended (number, words, seq) values (?, ?, ?)");
    this.#insertDelivered = db.prepare("insert into delivered values (?, ?)");
    this.#insertLink = db.prepare("insert into link values (?, ?, ?)");
    this.#tip = tipOf(db);
    this.#lastRow = linkAt(db, this.#tip.seq)!;
    this.#mark = new HeadMark(directory, ledgerIdOf(db)); // last: whatever fails before leaves nothing open
  }

  /** What the ledger is after the last commit. */
  get tip(): Link {
    return this.#tip;
  }

  /** What it was after the commit that brought its last row: marks may have come since. */
  get lastRow(): Link {
    return this.#lastRow;
  }

  /**
   * Adds all of it or nothing, durable when it returns if the file is synced.
   *
   * @throws UserError if another process has added commits; then nothing is added
   * @throws StoreFailed if the mark can't be written; the commit is durable then
   */
  append(rows: EntryRows, delivered: Uint32Array): void {
    const link = this.#hasher.next(this.#tip, commitOf(rows, delivered));
    assert(rows.count === 0 || rows.values[(rows.count - 1) * ROW_FIELDS] === link.seq, "rows count up by 1");
    this.#begin.run();
    try {
      this.#refuseOthers();
      this.#addRows(rows);
      for (const [seq, words] of rows.bodies) this.#insertBody.run(seq, bytesOf(words));
      for (const [packetId, { seq, words }] of rows.ended) {
        this.#insertEnded.run(endedKey(packetId), bytesOf(words), seq);
      }
      if (delivered.length > 0) this.#insertDelivered.run(link.mark, bytesOf(delivered));
      this.#insertLink.run(link.seq, link.mark, link.head);
      this.#commit.run();
    } catch (error) {
      rollBack(this.#db);
      throw error;
    }
    this.#tip = link;
    if (rows.count > 0) this.#lastRow = link;
    this.#mark.write(link);
  }

  /**
   * Says anew in the mark what the ledger is, once it is known that the last commit is durable: after a failure, and at a
   * start, since after a power loss the mark may be older.
   *
   * @throws StoreFailed
   */
  markTip(): void {
    if (this.#tip.seq > 0) this.#mark.write(this.#tip);
  }

  close(): void {
    this.#mark.close();
  }

  /** Adds a row that the ledger says of itself. Event time stands still, whatever the time: see `durableTime`. */
  note(note: Note, wallMs: number): void {
    const time = durableTimeOf(this.#db);
    if (time !== undefined && wallMs - time.lagMs > time.eventMs) {
      this.append(rowsOfNote(noteOf(kinds.time, time), this.#tip.seq + 1, wallMs), NO_MARKS);
    }
    this.append(rowsOfNote(note, this.#tip.seq + 1, wallMs), NO_MARKS);
  }

  /** Whatever became of the lock, two processes never commit on top of each other. */
  #refuseOthers(): void {
    const { seq, mark } = (this.#selectTip.get() ?? { seq: 0, mark: 0 }) as unknown as Link;
    if (seq === this.#tip.seq && mark === this.#tip.mark) return;
    throw new UserError(
      `another process adds to this ledger: it ends with row ${seq}, mark ${mark}, and what this one added last was ` +
        `row ${this.#tip.seq}, mark ${this.#tip.mark}. Stop that process`,
    );
  }

  #addRows({ values, count }: EntryRows): void {
    const many = this.#many;
    const end = count * ROW_FIELDS;
    let at = 0;
    for (; at + MANY_FIELDS <= end; at += MANY_FIELDS) {
      for (let i = 0; i < MANY_FIELDS; i++) many[i] = values[at + i];
      this.#insertMany.run(...many);
    }
    for (; at < end; at += ROW_FIELDS) {
      this.#insert.run(
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
  }
}

/** Whatever is left of a transaction goes; SQLite has often done it already. */
export function rollBack(db: DatabaseSync): void {
  try {
    db.exec("rollback");
  } catch {
    // No transaction is open any more, or the medium is gone: the file is closed next.
  }
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
