import type { DatabaseSync, StatementSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import { EntryRows, ROW_FIELDS } from "../record/entry_rows.ts";
import { FIRST_SENT_ID } from "../../base/id_space.ts";

/** Rows that are read at once: a few ms of work. */
const ROWS_PER_READ = 2_500;

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
    const found = allNumbers(select, seq, until);
    if (found.length === 0) return;
    rows.clear();
    addRows(rows, found, seq);
    const last = found[found.length - 1][0];
    for (const { seq: of, words } of selectBodies.iterate(seq, last)) {
      rows.bodies.set(of as number, wordsOf(words as Uint8Array));
    }
    seq = last;
    yield rows;
  }
}

/** Adds rows as SQLite hands them over, which all come after one. @throws UserError if the file is damaged */
export function addRows(rows: EntryRows, found: readonly (readonly number[])[], afterSeq: number): void {
  let before = afterSeq;
  for (const row of found) {
    if (!(row[0] > before)) {
      throw new UserError(`row ${row[0]} comes after row ${before}: the file is damaged`);
    }
    before = row[0];
    const at = rows.next();
    for (let i = 0; i < ROW_FIELDS; i++) rows.values[at + i] = row[i];
  }
}

/** Ended packets lie by their place in the order of sending, so that new ones come to the end of the table. */
export function endedKey(packetId: number): number {
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

/** All rows of a statement that returns arrays. A damaged number may be too large to be exact; then it isn't, here. */
export function allNumbers(statement: StatementSync, ...params: number[]): readonly (readonly number[])[] {
  try {
    return statement.all(...params) as unknown as readonly (readonly number[])[];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    statement.setReadBigInts(true);
    const rows = statement.all(...params) as unknown as readonly (readonly unknown[])[];
    statement.setReadBigInts(false);
    return rows.map((row) =>
      row.map((value) => (typeof value === "bigint" ? Number(value) : value) as number)
    );
  }
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

/** Copied, since a blob may lie anywhere. */
export function wordsOf(blob: Uint8Array): Uint32Array {
  const bytes = blob.slice();
  return new Uint32Array(bytes.buffer, 0, bytes.length >>> 2);
}
