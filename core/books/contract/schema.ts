import { UserError } from "../../base/user_error.ts";

/**
 * The tables of one part of the books. Each migration leads from its index in the list to the next version; once
 * released it is never changed.
 */
export interface SchemaPart {
  readonly name: string;
  readonly migrations: readonly string[];
  /** What each role may do with these tables, besides reading the frame, where there are roles. */
  readonly grants?: readonly string[];
}

/** What is to be done to a part's tables. */
export interface PendingMigrations {
  readonly name: string;
  readonly statements: readonly string[];
  readonly toVersion: number;
}

/** Versions that books have, by part; a part that isn't there has none. */
export type SchemaVersions = ReadonlyMap<string, number>;

/**
 * What brings books up to date.
 *
 * @throws UserError if a newer program made them
 */
export function pendingMigrations(
  place: string,
  parts: readonly SchemaPart[],
  versions: SchemaVersions,
): PendingMigrations[] {
  return parts.flatMap(({ name, migrations }) => {
    const version = versions.get(name) ?? 0;
    if (version > migrations.length) {
      throw new UserError(
        `--books ${place}: their ${name} has schema ${version}, and this redpkt knows up to ${migrations.length}. ` +
          "Use a newer redpkt",
      );
    }
    const statements = migrations.slice(version);
    return statements.length === 0 ? [] : [{ name, statements, toVersion: migrations.length }];
  });
}

/** Refuses books that aren't made, or not by this version. @throws UserError */
export function refuseOtherSchema(
  place: string,
  parts: readonly SchemaPart[],
  versions: SchemaVersions,
): void {
  if (versions.size === 0) throw notMade(place);
  const pending = pendingMigrations(place, parts, versions);
  if (pending.length === 0) return;
  throw new UserError(
    `--books ${place}: were made by an older redpkt (${pending.map(({ name }) => name).join(", ")}). ` +
      `Bring them up to date: redpkt books init --books ${place}`,
  );
}

/** There are no books yet. */
export function notMade(place: string): UserError {
  return new UserError(
    `--books ${place}: holds no books. Make them once: redpkt books init --books ${place} --event NAME`,
  );
}
