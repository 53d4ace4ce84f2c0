import type { DatabaseSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import type { EventTimeState } from "../../base/event_time.ts";
import { durableTimeOf, hostNumberOf } from "../chain/notes.ts";
import { lookUntouched } from "../disk/untouched.ts";
import { refuseOther, TRUTH_MIGRATIONS } from "../disk/schema.ts";
import { TRUTH_FILE } from "../store/sqlite_store.ts";

/**
 * Refuses a ledger of another host number before anything is written to it: its packets have that host's ids.
 *
 * @throws UserError, also if it can't be read now
 */
export function refuseOtherHost(directory: string, hostNumber: number): void {
  const noted = look(directory, hostNumberOf);
  if (noted === undefined || noted === hostNumber) return;
  throw new UserError(
    `--host-number ${hostNumber}: the ledger in ${directory} is of host number ${noted}. ` +
      `Give --host-number ${noted}, or another --ledger`,
  );
}

/**
 * How far event time had come with a ledger's last row; undefined if it has none. Nobody may guess it: what was promised
 * would end early.
 *
 * @throws UserError if it can't be read now
 */
export function readDurableTime(directory: string): EventTimeState | undefined {
  return look(directory, durableTimeOf);
}

/** Looks into a ledger that no server has open; undefined if there is none. */
function look<T>(directory: string, ask: (db: DatabaseSync) => T): T | undefined {
  const path = `${directory}/${TRUTH_FILE}`;
  try {
    if (Deno.statSync(path).size === 0) return undefined;
    return lookUntouched(path, (db) => refuseOther(db, path, TRUTH_MIGRATIONS) === 0 ? undefined : ask(db));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: cannot be read now: ${(error as Error).message}. Start again when it can`);
  }
}
