import type { DatabaseSync } from "node:sqlite";
import type { BooksEvent } from "../contract/event.ts";
import { type MadeBooks, newEvent, refuseOtherEvent, type WantedEvent } from "../contract/make_books.ts";
import { notMade, pendingMigrations, type SchemaPart, type SchemaVersions } from "../contract/schema.ts";
import { INTAKE_SCHEMA } from "./intake_schema.ts";
import { SETTLEMENT_SCHEMA } from "./settlement_schema.ts";
import type { SqliteFile } from "./sqlite_file.ts";

/** All parts of books in SQLite, in the order in which they are made. */
export const SQLITE_PARTS: readonly SchemaPart[] = [INTAKE_SCHEMA, SETTLEMENT_SCHEMA];

const FRAME = `
  create table part_version (
    part    text primary key,
    version integer not null
  ) strict, without rowid;
  -- 0 for no limit.
  create table event (
    id                  integer primary key check (id = 1),
    event               text not null,
    packets_per_user    integer not null,
    packets_per_sponsor integer not null
  ) strict;
`;

/** Makes books, or brings older ones up to date. @throws UserError */
export function makeSqliteBooks(file: SqliteFile, wanted: WantedEvent): MadeBooks {
  return file.write((db) => {
    const versions = versionsOf(db);
    const isNew = versions.size === 0;
    if (isNew) {
      const { event, packetsPerUser, packetsPerSponsor } = newEvent(file.path, wanted);
      db.exec(FRAME);
      file.mark();
      db.prepare("insert into event values (1, ?, ?, ?)").run(
        event,
        stored(packetsPerUser),
        stored(packetsPerSponsor),
      );
    }
    const event = eventOf(db, file.path);
    refuseOtherEvent(file.path, event, wanted);
    const pending = pendingMigrations(file.path, SQLITE_PARTS, versions);
    const setVersion = db.prepare("insert or replace into part_version values (?, ?)");
    for (const { name, statements, toVersion } of pending) {
      for (const statement of statements) db.exec(statement);
      setVersion.run(name, toVersion);
    }
    return { event, isNew, migrated: pending.map(({ name }) => name) };
  });
}

/** Versions of books; none if the file holds none yet. */
export function versionsOf(db: DatabaseSync): SchemaVersions {
  const has = db.prepare("select 1 from sqlite_schema where name = 'part_version'").get();
  if (has === undefined) return new Map();
  const rows = db.prepare("select part, version from part_version").all();
  return new Map(rows.map(({ part, version }) => [part as string, version as number]));
}

/** What the books are for. @throws UserError if the file holds none */
export function eventOf(db: DatabaseSync, path: string): BooksEvent {
  if (db.prepare("select 1 from sqlite_schema where name = 'event'").get() === undefined) throw notMade(path);
  const row = db.prepare("select * from event").get();
  if (row === undefined) throw notMade(path);
  return {
    event: row.event as string,
    packetsPerUser: (row.packets_per_user as number) || Infinity,
    packetsPerSponsor: (row.packets_per_sponsor as number) || Infinity,
  };
}

function stored(limit: number): number {
  return limit === Infinity ? 0 : limit;
}
