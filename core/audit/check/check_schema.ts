import { DatabaseSync } from "node:sqlite";
import type { Problems } from "./problems.ts";
import { makeSchema, type Migration } from "../../ledger/disk/schema.ts";

/** Damages of one file that SQLite is asked for. */
const MOST_DAMAGES = 20;

/**
 * Checks that a database is whole, and that nothing is in it but what its migrations make: no other table, trigger or
 * column, and none missing.
 *
 * @param name the file's, for the problems
 */
export function checkSchema(
  db: DatabaseSync,
  name: string,
  migrations: readonly Migration[],
  problems: Problems,
): void {
  for (const row of db.prepare(`pragma integrity_check(${MOST_DAMAGES})`).all()) {
    const [damage] = Object.values(row);
    if (damage !== "ok") problems.add(`${name} damage`, `${name}: is damaged: ${damage}`);
  }
  const fresh = new DatabaseSync(":memory:");
  makeSchema(fresh, name, migrations);
  const expected = partsOf(fresh);
  fresh.close();
  const found = partsOf(db);
  for (const [part, sql] of found) {
    if (!expected.has(part)) problems.add(name, `${name}: has ${part}, which no redpkt makes`);
    else if (expected.get(part) !== sql) problems.add(name, `${name}: its ${part} isn't as redpkt makes it`);
  }
  for (const part of expected.keys()) {
    if (!found.has(part)) problems.add(name, `${name}: lacks ${part}`);
  }
}

/** All that a schema is made of, and its numbers. */
function partsOf(db: DatabaseSync): Map<string, string> {
  const parts = new Map<string, string>();
  for (const { type, name, tbl_name: table, sql } of db.prepare("select * from sqlite_schema").all()) {
    parts.set(`${type} ${name}`, `${table} ${sql}`);
  }
  for (const name of ["user_version", "application_id", "encoding"]) {
    parts.set(name, String(Object.values(db.prepare(`pragma ${name}`).get()!)[0]));
  }
  return parts;
}
