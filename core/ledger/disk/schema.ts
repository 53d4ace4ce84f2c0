import type { DatabaseSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";

/** Marks a file as one of ours: "rpkt". */
const APPLICATION_ID = 0x72706b74;

/** One step of a schema: from its index in the list to the next version. Once released, never changed. */
export type Migration = string;

/**
 * The truth. Rows are only appended, by a key that counts up: the end of one b-tree is all that a commit touches. No
 * other index, ever: with one by user an award costs ten times as much.
 */
export const TRUTH_MIGRATIONS: readonly Migration[] = [
  `
  create table entry (
    seq     integer primary key,
    kind    integer not null,
    packet  integer not null,
    user    integer not null,
    amount  integer not null,
    sponsor integer not null,
    count   integer not null,
    at_ms   integer not null
  ) strict;
  -- What a send or a group has besides its row: 32-bit words.
  create table body (
    seq     integer primary key,
    words   blob not null
  ) strict;
  create table delivered (
    mark    integer primary key,
    packets blob not null
  ) strict;
  -- The loosest limits that were ever in force; 0 for none.
  create table limits (
    name    text primary key,
    packets integer not null
  ) strict, without rowid;
`,
  `
  -- Which ledger this is, so that the claim of a seed file can name it. Copies have the same id.
  create table identity (
    id      text primary key
  ) strict, without rowid;
  insert into identity values (lower(hex(randomblob(16))));
  -- Seed files whose tickets this ledger gives away.
  create table seed (
    hash    text primary key,
    path    text not null,
    at_ms   integer not null
  ) strict, without rowid;
`,
  `
  -- Sent packets of which nothing is left, as they ended, so that nobody needs to keep them in memory: 32-bit words, by
  -- the packets' places in the order of sending.
  create table ended (
    number  integer primary key,
    words   blob not null
  ) strict;
`,
  `
  -- The chain: what the ledger was after each commit. Keyed by its last row and its last mark, both of which only grow.
  create table link (
    seq     integer not null,
    mark    integer not null,
    head    blob not null,
    primary key (seq, mark)
  ) strict, without rowid;
  -- The row that ended the packet: it says of which commit this is a part.
  alter table ended add column seq integer not null default 0;
  -- Limits and seed files are entries now. A few rows of their kinds are found among millions by this; no other row is
  -- in it.
  drop table limits;
  drop table seed;
  create index note on entry (kind, seq) where kind >= 22;
`,
];

/** Rows of kinds from this number on are in the truth's index. */
export const FIRST_INDEXED_KIND = 22;

/** The level of a run of the projection's index, which follows from how many awards it has: one more for each 64 times. */
export const RUN_LEVEL = [1, 2, 3, 4, 5].map((level) => `(awards >= ${64 ** level})`).join(" + ");

/** What can be made again from the truth at any time: for questions, never for a verdict. */
export const PROJECTION_MIGRATIONS: readonly Migration[] = [
  `
  create table progress (
    id  integer primary key check (id = 1),
    seq integer not null
  ) strict;
  insert into progress values (1, 0);
  -- Key: seq * 2 + leg. Both legs of an entry sum to 0.
  create table posting (
    id      integer primary key,
    account text not null,
    fen     integer not null
  ) strict;
  create table balance (
    account text primary key,
    fen     integer not null
  ) strict, without rowid;
  -- Each bulk is a run: sorted by user and appended as a whole. Runs are merged when there are many.
  create table user_award (
    run     integer not null,
    user    integer not null,
    seq     integer not null,
    primary key (run, user, seq)
  ) strict, without rowid;
  create table run (
    run     integer primary key,
    level   integer not null,
    awards  integer not null
  ) strict;
`,
  `
  -- Which ledger it is made from, and the head of its last row's commit: what it knows, whatever the truth has become.
  alter table progress add column ledger text;
  alter table progress add column head text;
  -- With these an award can be entered again.
  alter table user_award add column packet integer not null default 0;
  create table minted (
    seq     integer primary key,
    packet  integer not null,
    count   integer not null,
    sponsor integer not null,
    fen     integer not null
  ) strict;
`,
];

/**
 * Refuses a file that isn't ours, or of a newer program.
 *
 * @returns its schema's version
 * @throws UserError
 */
export function checkVersion(db: DatabaseSync, path: string, migrations: readonly Migration[]): number {
  const version = pragma(db, "user_version");
  const isEmpty = db.prepare("select count(*) as n from sqlite_schema").get()!.n === 0;
  if (!isEmpty && pragma(db, "application_id") !== APPLICATION_ID) {
    throw new UserError(`${path}: is a database of another program. Name another directory`);
  }
  if (version > migrations.length) {
    throw new UserError(
      `${path}: has schema ${version}, and this redpkt knows up to ${migrations.length}. Use a newer redpkt`,
    );
  }
  return version;
}

/** Makes the tables of a new file; a file that has them is left as it is. Throws as `refuseOther` does. */
export function makeSchema(db: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  if (refuseOther(db, path, migrations) > 0) return;
  db.exec("begin immediate");
  migrate(db, 0, migrations);
  db.exec("commit");
}

/**
 * Refuses a file that isn't ours or of another version. Returns its schema's version, which is 0 for an empty file.
 *
 * @throws UserError, and `SchemaOld` if an older program made it
 */
export function refuseOther(db: DatabaseSync, path: string, migrations: readonly Migration[]): number {
  const version = checkVersion(db, path, migrations);
  if (version > 0 && version < migrations.length) throw new SchemaOld(path, version);
  return version;
}

/** Brings a file from a version to the newest schema, within a transaction of the caller's. */
export function migrate(db: DatabaseSync, fromVersion: number, migrations: readonly Migration[]): void {
  for (const migration of migrations.slice(fromVersion)) db.exec(migration);
  db.exec(`pragma user_version = ${migrations.length}; pragma application_id = ${APPLICATION_ID}`);
}

/** A file of an older program, which must be converted first. */
export class SchemaOld extends UserError {
  constructor(path: string, version: number) {
    const directory = path.slice(0, path.lastIndexOf("/"));
    super(
      `${path}: has the schema ${version} of an older redpkt. Convert it: redpkt ledger upgrade ${directory}`,
    );
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return db.prepare(`pragma ${name}`).get()![name] as number;
}
