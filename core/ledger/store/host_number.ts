import { DatabaseSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import { TRUTH_FILE } from "./sqlite_store.ts";

/** The number of the host that a truth file belongs to; undefined while none has used it. */
export function hostNumberOf(db: DatabaseSync): number | undefined {
  const hasTable = db.prepare("select 1 from sqlite_schema where name = 'host'").get() !== undefined;
  if (hasTable) return db.prepare("select number from host").get()?.number as number | undefined;
  // Before there were numbers, every host had the ids of number 0.
  return db.prepare("select 1 from sqlite_schema where name = 'entry'").get() === undefined ? undefined : 0;
}

/**
 * Refuses a ledger of another host number before a server starts its threads: its packets have that host's ids. A file
 * that can't be read now is for the ledger's own thread, which tries again.
 *
 * @throws UserError
 */
export function refuseOtherHost(directory: string, hostNumber: number): void {
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(`${directory}/${TRUTH_FILE}`, { readOnly: true });
  } catch {
    return;
  }
  try {
    const noted = hostNumberOf(db);
    if (noted === undefined || noted === hostNumber) return;
    throw new UserError(
      `--host-number ${hostNumber}: the ledger in ${directory} is of host number ${noted}. ` +
        `Give --host-number ${noted}, or another --ledger`,
    );
  } catch (error) {
    if (error instanceof UserError) throw error;
  } finally {
    db.close();
  }
}
