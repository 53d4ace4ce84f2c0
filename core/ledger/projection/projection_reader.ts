import type { DatabaseSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import { PROJECTION_FILE } from "./projection.ts";
import { UntouchedDatabase } from "../disk/untouched.ts";

/**
 * Opens the projection to look into it, also beside a running server; undefined if there is none.
 *
 * @throws UserError if it can't be read
 */
export function openProjection(directory: string): UntouchedDatabase | undefined {
  const path = `${directory}/${PROJECTION_FILE}`;
  try {
    Deno.statSync(path); // SQLite would make a file that isn't there
  } catch {
    return undefined;
  }
  let db: UntouchedDatabase | undefined;
  try {
    db = new UntouchedDatabase(path);
    projectedSeq(db);
    return db;
  } catch (error) {
    db?.close();
    throw new UserError(
      `${path}: cannot be read: ${(error as Error).message}. ` +
        `Make it anew with redpkt ledger rebuild ${directory}`,
    );
  }
}

/** What an open projection knows: the last row that it has taken in, its head, and of which ledger. */
export function projectedProgress(
  db: DatabaseSync,
): { readonly seq: number; readonly ledger: string | null; readonly head: string | null } {
  return db.prepare("select seq, ledger, head from progress").get() as ReturnType<typeof projectedProgress>;
}

/** The last row that an open projection has taken in. */
export function projectedSeq(db: DatabaseSync): number {
  return db.prepare("select seq from progress").get()!.seq as number;
}
