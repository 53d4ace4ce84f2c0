import type { DatabaseSync } from "node:sqlite";
import { EntryKind } from "../record/entry.ts";
import { EntryRows, RowField } from "../record/entry_rows.ts";
import type { LedgerLimits } from "../record/ledger.ts";
import { wordsOf } from "../disk/sqlite_rows.ts";

/** A row that a ledger says of itself, and that nobody proposed. */
export interface Note {
  readonly kind: number;
  readonly body: Uint32Array;
}

/** A seed file as a ledger remembers it. */
export interface UsedSeed {
  readonly hash: string;
  /** Where it was when it was first used. */
  readonly path: string;
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

export function limitsNote({ packetsPerUser, packetsPerSponsor }: LedgerLimits): Note {
  const words = [packetsPerUser, packetsPerSponsor].map((packets) => packets === Infinity ? 0 : packets);
  return { kind: EntryKind.limits, body: Uint32Array.from(words) };
}

/** What {@linkcode limitsNote} says. */
export function limitsOfNote([packetsPerUser, packetsPerSponsor]: Uint32Array): LedgerLimits {
  return { packetsPerUser: packetsPerUser || Infinity, packetsPerSponsor: packetsPerSponsor || Infinity };
}

export function seedNote({ hash, path }: UsedSeed): Note {
  return { kind: EntryKind.seed, body: wordsOfText(JSON.stringify({ hash, path })) };
}

/** A text as words: its bytes in UTF-8, how many in the first one. */
export function wordsOfText(text: string): Uint32Array {
  const bytes = new TextEncoder().encode(text);
  const words = new Uint32Array(1 + Math.ceil(bytes.length / 4));
  words[0] = bytes.length;
  new Uint8Array(words.buffer).set(bytes, 4);
  return words;
}

/** What {@linkcode wordsOfText} was made of. */
export function textOfWords(words: Uint32Array): string {
  return new TextDecoder().decode(new Uint8Array(words.buffer, words.byteOffset + 4, words[0]));
}

/** A note as it is stored. */
export interface StoredNote {
  readonly seq: number;
  readonly atMs: number;
  readonly body: Uint32Array;
}

/** All notes of a kind, oldest first. */
export function notesOf(db: DatabaseSync, kind: number): StoredNote[] {
  // The first condition says the same as the index.
  const select = db.prepare(
    `select seq, at_ms as atMs, words from entry join body using (seq)
     where kind >= ${EntryKind.limits} and kind = ? order by seq`,
  );
  return select.all(kind).map(({ seq, atMs, words }) => ({
    seq: seq as number,
    atMs: atMs as number,
    body: wordsOf(words as Uint8Array),
  }));
}

/** The loosest limits that were ever in force in a truth file; none if nobody ever said. */
export function limitsOf(db: DatabaseSync): LedgerLimits {
  const all = notesOf(db, EntryKind.limits).map(({ body }) => limitsOfNote(body));
  const loosest = (name: keyof LedgerLimits) =>
    all.length === 0 ? Infinity : Math.max(...all.map((limits) => limits[name]));
  return { packetsPerUser: loosest("packetsPerUser"), packetsPerSponsor: loosest("packetsPerSponsor") };
}

/** The seed files that an open ledger gives away. */
export function usedSeeds(db: DatabaseSync): UsedSeed[] {
  return notesOf(db, EntryKind.seed).map(({ body }) => JSON.parse(textOfWords(body)));
}
