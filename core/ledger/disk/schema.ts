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
  -- Whose packet ids these are: see id_space.ts. No row while no server has used the ledger.
  create table host (
    number  integer not null
  ) strict;
  insert into host select 0 where exists (select 1 from entry);
`,
];

/** What can be made again from the truth at any time: for questions, never for a verdict. */
export const PROJECTION_MIGRATIONS: readonly Migration[] = [`
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
`];

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

/** Brings a file to the newest schema, each step in a transaction of its own. Throws as `checkVersion` does. */
export function migrate(db: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  for (let step = checkVersion(db, path, migrations); step < migrations.length; step++) {
    db.exec(
      `begin immediate; ${migrations[step]} pragma user_version = ${step + 1};
       pragma application_id = ${APPLICATION_ID}; commit`,
    );
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return db.prepare(`pragma ${name}`).get()![name] as number;
}
