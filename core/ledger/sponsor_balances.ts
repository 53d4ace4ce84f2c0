import { DatabaseSync } from "node:sqlite";
import { PROJECTION_FILE } from "./projection.ts";

/** What is left of a sponsor's money. */
export interface SponsorBalance {
  readonly sponsor: number;
  /** In packets that nobody has won. */
  readonly poolFen: number;
  /** Given back to the sponsor. */
  readonly returnedFen: number;
}

/** Sponsors that are told; those with most in their packets first. */
const MOST_SPONSORS = 500;

/**
 * The sponsors' balances, as far as the projection is: a little behind the ledger. Empty while there is no projection.
 */
export function sponsorBalances(directory: string): SponsorBalance[] {
  let db: DatabaseSync;
  try {
    Deno.statSync(`${directory}/${PROJECTION_FILE}`); // SQLite would make a file that isn't there
    db = new DatabaseSync(`${directory}/${PROJECTION_FILE}`, { readOnly: true });
  } catch {
    return [];
  }
  try {
    return db.prepare(
      `select cast(substr(account, instr(account, ':') + 1) as integer) as sponsor,
        sum(case when account like 'pool:%' then fen else 0 end) as poolFen,
        sum(case when account like 'returned:%' then fen else 0 end) as returnedFen
      from balance where account like 'pool:%' or account like 'returned:%'
      group by sponsor order by poolFen desc, sponsor limit ${MOST_SPONSORS}`,
    ).all() as unknown as SponsorBalance[];
  } catch {
    return []; // it is just being made anew
  } finally {
    db.close();
  }
}
