import { DatabaseSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import { checkVersion, TRUTH_MIGRATIONS } from "../disk/schema.ts";
import { TRUTH_FILE } from "./sqlite_store.ts";

/**
 * Refuses a ledger of a newer program, or a file that is no ledger, before a server starts its threads. A file that can't
 * be read now is for the ledger's own thread, which tries again.
 *
 * @throws UserError
 */
export function refuseNewerLedger(directory: string): void {
  const path = `${directory}/${TRUTH_FILE}`;
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(path, { readOnly: true });
  } catch {
    return;
  }
  try {
    checkVersion(db, path, TRUTH_MIGRATIONS);
  } catch (error) {
    if (error instanceof UserError) throw error;
  } finally {
    db.close();
  }
}
