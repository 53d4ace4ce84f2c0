import type { SchemaPart } from "../contract/schema.ts";
import type { Ask } from "./postgres_connection.ts";

/** Who may do what in the books: each role can log in as nobody, and is given to roles that can. */
export const BOOKS_ROLES = [
  "redpkt_uplink",
  "redpkt_settler",
  "redpkt_payer",
  "redpkt_operator",
  "redpkt_reader",
] as const;

/** Makes the roles that aren't there, and gives each its rights. Within a transaction; needs the right to make roles. */
export async function makeRoles(sql: Ask, parts: readonly SchemaPart[]): Promise<void> {
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
