import { DatabaseSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import { PROJECTION_FILE } from "./projection.ts";

/**
 * Opens the projection to look into it, also beside a running server; undefined if there is none.
 *
 * @throws UserError if it can't be read, as in a folder where SQLite may not make the files that it reads it with
 */
export function openProjection(directory: string): DatabaseSync | undefined {
  const path = `${directory}/${PROJECTION_FILE}`;
  try {
    Deno.statSync(path); // SQLite would make a file that isn't there
  } catch {
    return undefined;
  }
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    projectedSeq(db);
    return db;
  } catch (error) {
    db.close();
    throw new UserError(
      `${path}: cannot be read: ${(error as Error).message}. Copy ${directory} to where you may write, ` +
        `or make the file anew with redpkt ledger rebuild ${directory}`,
    );
  }
}

/** The last row that an open projection has taken in. */
export function projectedSeq(db: DatabaseSync): number {
  return db.prepare("select seq from progress").get()!.seq as number;
}
