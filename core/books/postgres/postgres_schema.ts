import type { BooksEvent } from "../contract/event.ts";
import { type MadeBooks, newEvent, refuseOtherEvent, type WantedEvent } from "../contract/make_books.ts";
import { notMade, pendingMigrations, type SchemaPart, type SchemaVersions } from "../contract/schema.ts";
import { INTAKE_SCHEMA } from "./intake_schema.ts";
import { SETTLEMENT_SCHEMA } from "./settlement_schema.ts";
import type { Ask, PostgresConnection } from "./postgres_connection.ts";

/** All parts of books in PostgreSQL, in the order in which they are made. */
export const POSTGRES_PARTS: readonly SchemaPart[] = [INTAKE_SCHEMA, SETTLEMENT_SCHEMA];

/** Two who make books at once take turns. */
const MAKING = 0x72706b62;

const FRAME = `
  create schema books;
  create table books.part_version (
    part    text primary key,
    version int not null
  );
  -- 0 for no limit.
  create table books.event (
    id                  int primary key check (id = 1),
    event               text not null,
    packets_per_user    int not null,
    packets_per_sponsor int not null
  );
`;

/**
 * Makes books in a database, or brings older ones up to date.
 *
 * @param hasRoles the roles and their rights too
 * @throws UserError, BooksAway
 */
export function makePostgresBooks(
  connection: PostgresConnection,
  wanted: WantedEvent,
  hasRoles = false,
): Promise<MadeBooks> {
  const { place } = connection;
  return connection.transaction(async (sql) => {
    await sql`select pg_advisory_xact_lock(${MAKING})`;
    const versions = await versionsOf(sql);
    const isNew = versions.size === 0;
    if (isNew) {
      const { event, packetsPerUser, packetsPerSponsor } = newEvent(place, wanted);
      await sql.unsafe(FRAME);
      await sql`insert into books.event values (1, ${event}, ${stored(packetsPerUser)}, ${
        stored(packetsPerSponsor)
      })`;
    }
    const event = await eventOf(sql, place);
    refuseOtherEvent(place, event, wanted);
    const pending = pendingMigrations(place, POSTGRES_PARTS, versions);
    for (const { name, statements, toVersion } of pending) {
      for (const statement of statements) await sql.unsafe(statement);
      await sql`insert into books.part_version values (${name}, ${toVersion})
        on conflict (part) do update set version = excluded.version`;
    }
    if (hasRoles) await makeRoles(sql, POSTGRES_PARTS);
    return { event, isNew, migrated: pending.map(({ name }) => name) };
  });
}

/** Versions of books; none if the database holds none yet. */
export async function versionsOf(sql: Ask): Promise<SchemaVersions> {
  const [{ has }] = await sql`select to_regclass('books.part_version') is not null as has`;
  if (has !== true) return new Map();
  const rows = await sql`select part, version from books.part_version`;
  return new Map(rows.map(({ part, version }) => [part, version]));
}

/** What the books are for. @throws UserError if the database holds none */
export async function eventOf(sql: Ask, place: string): Promise<BooksEvent> {
  const [row] = await sql`select event, packets_per_user, packets_per_sponsor from books.event`;
  if (row === undefined) throw notMade(place);
  return {
    event: row.event,
    packetsPerUser: row.packets_per_user || Infinity,
    packetsPerSponsor: row.packets_per_sponsor || Infinity,
  };
}

function stored(limit: number): number {
  return limit === Infinity ? 0 : limit;
}

/** Who may do what in the books: each role can log in as nobody, and is given to roles that can. */
const BOOKS_ROLES = [
  "redpkt_uplink",
  "redpkt_settler",
  "redpkt_payer",
  "redpkt_operator",
  "redpkt_reader",
] as const;

/** Makes the roles that aren't there, and gives each its rights. Within a transaction; needs the right to make roles. */
async function makeRoles(sql: Ask, parts: readonly SchemaPart[]): Promise<void> {
  for (const role of BOOKS_ROLES) {
    const [{ has }] = await sql`select exists (select from pg_roles where rolname = ${role}) as has`;
    if (has !== true) await sql.unsafe(`create role ${role} nologin`);
  }
  await sql.unsafe(`
    grant usage on schema books to ${BOOKS_ROLES.join(", ")};
    grant select on books.part_version, books.event to ${BOOKS_ROLES.join(", ")};
    grant select on all tables in schema books to redpkt_reader;
  `);
  for (const { grants = [] } of parts) for (const grant of grants) await sql.unsafe(grant);
}
