import type { DatabaseSync } from "node:sqlite";
import type { EventTimeState } from "../../base/event_time.ts";
import { EntryKind } from "../record/entry.ts";
import { EntryRows, RowField } from "../record/entry_rows.ts";
import { type DurableTime, durableTime, timeWords } from "../record/durable_time.ts";
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

/** Another machine that went on with a ledger. */
export interface Adoption {
  /** How often the ledger was adopted with this time, plus 1. */
  readonly epoch: number;
  /** Why, for people. */
  readonly reason: string;
  /** Nobody else's: two who adopt the same ledger at once have two histories. */
  readonly token: string;
}

export function adoptionNote(adoption: Adoption): Note {
  return { kind: EntryKind.adoption, body: wordsOfText(JSON.stringify(adoption)) };
}

/** A ledger's epoch with its first rows up to one: how often it had been adopted by then, plus 1. */
export function epochAt(db: DatabaseSync, seq: number): number {
  const count = db.prepare(
    `select count(*) as n from entry where kind >= ${EntryKind.limits} and kind = ${EntryKind.adoption} and seq <= ?`,
  );
  return 1 + (count.get(seq)!.n as number);
}

export function hostNote(hostNumber: number): Note {
  return { kind: EntryKind.host, body: Uint32Array.of(hostNumber) };
}

export function timeNote(state: EventTimeState): Note {
  return { kind: EntryKind.time, body: timeWords(state) };
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

/** What {@linkcode seedNote} says. */
export function seedOfNote(body: Uint32Array): UsedSeed {
  return JSON.parse(textOfWords(body));
}

/** The seed files that an open ledger gives away. */
export function usedSeeds(db: DatabaseSync): UsedSeed[] {
  return notesOf(db, EntryKind.seed).map(({ body }) => seedOfNote(body));
}

/** The number of the host whose packets a truth file has; undefined while it has none and nobody said. */
export function hostNumberOf(db: DatabaseSync): number | undefined {
  const [note] = notesOf(db, EntryKind.host);
  if (note !== undefined) return note.body[0];
  // Before there were numbers every host was number 0, and number 0 is never noted.
  const { limits, seed, loss, time, adoption } = EntryKind;
  const others = db.prepare(
    `select 1 from entry where kind not in (${[limits, seed, loss, time, adoption]}) limit 1`,
  );
  return others.get() === undefined ? undefined : 0;
}

/** How far event time had come with a truth file's last row; undefined if it has none. */
export function durableTimeOf(db: DatabaseSync): DurableTime | undefined {
  const lastAtMs = db.prepare("select at_ms from entry order by seq desc limit 1").get()?.at_ms;
  return lastAtMs === undefined
    ? undefined
    : durableTime(lastAtMs as number, notesOf(db, EntryKind.time).at(-1));
}
