import type { DatabaseSync } from "node:sqlite";
import { EntryRows, RowField } from "../record/entry_rows.ts";
import { type DurableTime, durableTime } from "../record/durable_time.ts";
import type { LedgerLimits } from "../record/ledger.ts";
import { kinds, numbersOf } from "../kinds/entry_kinds.ts";
import type { NoteKind, UsedSeed } from "../kinds/notes.ts";
import { FIRST_INDEXED_KIND } from "../disk/schema.ts";
import { wordsOf } from "../disk/sqlite_rows.ts";

/** A row that a ledger says of itself, and that nobody proposed. */
export interface Note {
  readonly kind: number;
  readonly body: Uint32Array;
}

/** A note as the only row of a commit. */
export function rowsOfNote({ kind, body }: Note, seq: number, wallMs: number): EntryRows {
  const rows = new EntryRows();
  const at = rows.next();
  rows.values[at + RowField.seq] = seq;
  rows.values[at + RowField.kind] = kind;
  rows.values[at + RowField.atMs] = wallMs;
  rows.bodies.set(seq, body);
  return rows;
}

/** A note of a kind. */
export function noteOf<T>({ number, words }: NoteKind<T>, value: T): Note {
  return { kind: number, body: words(value) };
}

/** A note as it is stored. */
export interface StoredNote<T> {
  readonly seq: number;
  readonly atMs: number;
  readonly body: Uint32Array;
  readonly value: T;
}

/** All notes of a kind, oldest first. */
export function notesOf<T>(db: DatabaseSync, { number, read }: NoteKind<T>): StoredNote<T>[] {
  // The first condition says the same as the index.
  const select = db.prepare(
    `select seq, at_ms as atMs, words from entry join body using (seq)
     where kind >= ${FIRST_INDEXED_KIND} and kind = ? order by seq`,
  );
  return select.all(number).map(({ seq, atMs, words }) => {
    const body = wordsOf(words as Uint8Array);
    return { seq: seq as number, atMs: atMs as number, body, value: read(body) };
  });
}

/** The loosest limits that were ever in force in a truth file; none if nobody ever said. */
export function limitsOf(db: DatabaseSync): LedgerLimits {
  const all = notesOf(db, kinds.limits).map(({ value }) => value);
  const loosest = (name: keyof LedgerLimits) =>
    all.length === 0 ? Infinity : Math.max(...all.map((limits) => limits[name]));
  return { packetsPerUser: loosest("packetsPerUser"), packetsPerSponsor: loosest("packetsPerSponsor") };
}

/** The seed files that an open ledger gives away. */
export function usedSeeds(db: DatabaseSync): UsedSeed[] {
  return notesOf(db, kinds.seed).map(({ value }) => value);
}

/** The number of the host whose packets a truth file has; undefined while it has none and nobody said. */
export function hostNumberOf(db: DatabaseSync): number | undefined {
  const [note] = notesOf(db, kinds.host);
  if (note !== undefined) return note.value;
  // Before there were numbers every host was number 0, and number 0 is never noted.
  const notes = numbersOf(({ isNote = false }) => isNote);
  const others = db.prepare(`select 1 from entry where kind not in (${notes}) limit 1`);
  return others.get() === undefined ? undefined : 0;
}

/** A ledger's epoch with its first rows up to one: how often it had been adopted by then, plus 1. */
export function epochAt(db: DatabaseSync, seq: number): number {
  const count = db.prepare(
    `select count(*) as n from entry where kind >= ${FIRST_INDEXED_KIND} and kind = ? and seq <= ?`,
  );
  return 1 + (count.get(kinds.adoption.number, seq)!.n as number);
}

/** How far event time had come with a truth file's last row; undefined if it has none. */
export function durableTimeOf(db: DatabaseSync): DurableTime | undefined {
  const lastAtMs = db.prepare("select at_ms from entry order by seq desc limit 1").get()?.at_ms;
  return lastAtMs === undefined ? undefined : durableTime(lastAtMs as number, notesOf(db, kinds.time).at(-1));
}
