import { DatabaseSync } from "node:sqlite";
import type { OnStage } from "../cli/progress.ts";
import { UserError } from "../base/user_error.ts";
import type { Clock } from "../base/clock.ts";
import { genesis, type Link, LinkHasher } from "../ledger/chain/chain.ts";
import { CHECKPOINT_FILE } from "../ledger/checkpoint/checkpoint.ts";
import { DirectoryLock } from "../ledger/disk/directory_lock.ts";
import { kinds, numbersOf } from "../ledger/kinds/entry_kinds.ts";
import { readEvidence } from "../ledger/evidence/evidence.ts";
import { HeadMark } from "../ledger/chain/head_mark.ts";
import { ledgerIdOf, tipOf } from "../ledger/chain/links.ts";
import { lookUntouched } from "../ledger/disk/untouched.ts";
import { type Note, noteOf, rowsOfNote } from "../ledger/chain/notes.ts";
import { PROJECTION_FILE } from "../ledger/projection/projection.ts";
import { catchUp } from "../ledger/projection/projector.ts";
import { CommitReader } from "../ledger/chain/prove_chain.ts";
import { checkVersion, migrate, TRUTH_MIGRATIONS } from "../ledger/disk/schema.ts";
import { FIRST_SENT_ID } from "../base/id_space.ts";
import { copyAside, setAside } from "../ledger/disk/set_aside.ts";
import { lastSeqOf } from "../ledger/disk/sqlite_rows.ts";
import { TRUTH_FILE } from "../ledger/store/sqlite_store.ts";
import { rollBack } from "../ledger/chain/truth_writer.ts";

/** Rows of a link: nobody knows any more what was committed together. */
const ROWS_PER_LINK = 2_500;
/** Where limits and seed files were before they became entries. */
const FIRST_WITH_SEEDS = 2;

/** What an upgrade came to. */
export interface Upgraded {
  readonly rows: number;
  /** The copy of what was there before, in the directory. */
  readonly copy: string;
}

/**
 * Converts a ledger of an older redpkt: computes the chain over all rows, as they are now. What was changed before this
 * moment can't be told. A copy of what was there stays beside it.
 *
 * @throws UserError if there is nothing to convert, files beside it know more rows, or a server uses it
 */
export function upgradeLedger(directory: string, clock: Clock, onStage: OnStage = () => {}): Upgraded {
  const lock = DirectoryLock.takeExisting(directory, "ledger");
  try {
    const path = `${directory}/${TRUTH_FILE}`;
    const { version, rows } = lookAtOld(directory, path);
    if (version === TRUTH_MIGRATIONS.length) throw new UserError(`${path}: is of this version already`);
    refuseLost(directory, rows);
    const copy = copyAside(directory, TRUTH_FILE, clock.wallMs());
    const db = new DatabaseSync(path);
    try {
      db.exec("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 2000");
      convert(db, directory, version, clock.wallMs(), onStage);
    } finally {
      db.close();
    }
    for (const file of [PROJECTION_FILE, CHECKPOINT_FILE]) setAside(directory, file, clock.wallMs());
    return { rows: catchUp(directory, clock, onStage), copy };
  } finally {
    lock.release();
  }
}

function lookAtOld(directory: string, path: string): { version: number; rows: number } {
  try {
    Deno.statSync(path);
  } catch {
    throw new UserError(`${directory}: holds no ledger (there is no ${TRUTH_FILE} in it)`);
  }
  return lookUntouched(path, (db) => {
    const version = checkVersion(db, path, TRUTH_MIGRATIONS);
    if (version === 0) throw new UserError(`${path}: is empty`);
    return { version, rows: lastSeqOf(db) };
  });
}

/** An old ledger has no heads, but what was made from it says how many rows there were. */
function refuseLost(directory: string, rows: number): void {
  for (const { file, seq } of readEvidence(directory).known) {
    if (seq <= rows) continue;
    throw new UserError(
      `${directory}: ${file} knows rows up to ${seq}, and ${TRUTH_FILE} has only ${rows}: it has lost some. Restore ` +
        `it from a copy, or move ${file} elsewhere to go on without them`,
    );
  }
}

/** All in one transaction. */
function convert(
  db: DatabaseSync,
  directory: string,
  version: number,
  wallMs: number,
  onStage: OnStage,
): void {
  db.exec("begin immediate");
  try {
    const notes = notesOfOld(db, version);
    migrate(db, version, TRUTH_MIGRATIONS);
    findEnds(db);
    for (const note of notes) insertNote(db, note, lastSeqOf(db) + 1, wallMs);
    link(db, (rows, inAll) => onStage(`${directory} (chain)`, rows, inAll, "rows"));
    // Made before the commit, as with a new ledger: one with rows always has a mark.
    const mark = new HeadMark(directory, ledgerIdOf(db));
    try {
      db.exec("commit");
      mark.write(tipOf(db));
    } finally {
      mark.close();
    }
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

function notesOfOld(db: DatabaseSync, version: number): Note[] {
  const packets = (name: string) =>
    db.prepare("select packets from limits where name = ?").get(name)?.packets as number | undefined;
  const [packetsPerUser, packetsPerSponsor] = [packets("packetsPerUser"), packets("packetsPerSponsor")];
  const limits = packetsPerUser === undefined && packetsPerSponsor === undefined ? [] : [
    noteOf(kinds.limits, {
      packetsPerUser: packetsPerUser || Infinity,
      packetsPerSponsor: packetsPerSponsor || Infinity,
    }),
  ];
  if (version < FIRST_WITH_SEEDS) return limits;
  const seeds = db.prepare("select hash, path from seed order by at_ms, hash").all();
  return [
    ...limits,
    ...seeds.map(({ hash, path }) => noteOf(kinds.seed, { hash: hash as string, path: path as string })),
  ];
}

function insertNote(db: DatabaseSync, note: Note, seq: number, wallMs: number): void {
  const { values, bodies } = rowsOfNote(note, seq, wallMs);
  db.prepare("insert into entry values (?, ?, ?, ?, ?, ?, ?, ?)").run(...values.subarray(0, 8));
  db.prepare("insert into body values (?, ?)").run(seq, new Uint8Array(bodies.get(seq)!.buffer));
}

/** A packet has ended with the last row that is about it. */
function findEnds(db: DatabaseSync): void {
  db.exec(`
    create temp table last as
      select packet, max(seq) as seq from entry
      where kind in (${numbersOf(({ isOfSentPacket = false }) => isOfSentPacket)}) group by packet;
    create unique index temp.last_of on last (packet);
    update ended set seq = (select seq from last where packet = ${FIRST_SENT_ID + 1} - number);
    drop table temp.last;
  `);
}

/** Links for all rows, and then one for each mark. */
function link(db: DatabaseSync, onRows: (rows: number, inAll: number) => void): void {
  const insert = db.prepare("insert into link values (?, ?, ?)");
  const reader = new CommitReader(db);
  const hasher = new LinkHasher();
  const add = (next: Link) => {
    insert.run(next.seq, next.mark, next.head);
    return next;
  };
  const lastSeq = lastSeqOf(db);
  let tip = genesis(ledgerIdOf(db));
  while (tip.seq < lastSeq) {
    const until = { seq: Math.min(tip.seq + ROWS_PER_LINK, lastSeq), mark: 0 };
    const { rows, ended } = reader.read(tip, until);
    if (rows.count !== until.seq - tip.seq) {
      throw new UserError(`the ledger lacks rows after row ${tip.seq}: restore it from a copy`);
    }
    tip = add(
      hasher.next(tip, {
        rows: rows.values.subarray(0, rows.count * 8),
        bodies: rows.bodies,
        ended,
        delivered: NONE,
      }),
    );
    onRows(rows.count, lastSeq);
  }
  const lastMark = (db.prepare("select max(mark) as mark from delivered").get()!.mark ?? 0) as number;
  while (tip.mark < lastMark) {
    const { marks } = reader.read(tip, { seq: tip.seq, mark: tip.mark + 1 });
    tip = add(
      hasher.next(tip, { rows: NO_ROWS, bodies: [], ended: [], delivered: marks.get(tip.mark + 1)! }),
    );
  }
}

const NONE = new Uint32Array();
const NO_ROWS = new Float64Array();
