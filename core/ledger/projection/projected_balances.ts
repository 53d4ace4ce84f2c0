import { DatabaseSync } from "node:sqlite";
import { type Balances, emptyBalances } from "../record/ledger.ts";
import { PROJECTION_FILE } from "./projection.ts";

/** What is left of a sponsor's money. */
export interface SponsorBalance {
  readonly sponsor: number;
  /** In packets that nobody has won. */
  readonly poolFen: number;
  /** Given back to the sponsor. */
  readonly returnedFen: number;
}

/** Where the money is, as far as the projection is: all of one moment, a little behind the ledger. */
export interface ProjectedBalances {
  readonly balances: Balances;
  /** Those with most in their packets first. */
  readonly sponsors: readonly SponsorBalance[];
}

/** Sponsors that are told. */
const MOST_SPONSORS = 500;

/** Reads every account's balance; undefined while there is no projection. */
export function projectedBalances(directory: string): ProjectedBalances | undefined {
  let db: DatabaseSync;
  try {
    Deno.statSync(`${directory}/${PROJECTION_FILE}`); // SQLite would make a file that isn't there
    db = new DatabaseSync(`${directory}/${PROJECTION_FILE}`, { readOnly: true });
  } catch {
    return undefined;
  }
  try {
    return sumUp(db.prepare("select account, fen from balance").all() as unknown as AccountRow[]);
  } catch {
    return undefined; // it is just being made anew
  } finally {
    db.close();
  }
}

interface AccountRow {
  readonly account: string;
  readonly fen: number;
}

/** Accounts are `source`, `user`, `packet`, and by sponsor `pool:7` and `returned:7`. */
function sumUp(rows: readonly AccountRow[]): ProjectedBalances {
  const balances = emptyBalances();
  const sponsors = new Map<number, { sponsor: number; poolFen: number; returnedFen: number }>();
  for (const { account, fen } of rows) {
    const [kind, number] = account.split(":");
    const key = `${kind}Fen` as keyof Balances;
    balances[key] += fen;
    if (key !== "poolFen" && key !== "returnedFen") continue;
    const sponsor = Number(number);
    const entry = sponsors.get(sponsor) ?? { sponsor, poolFen: 0, returnedFen: 0 };
    entry[key] += fen;
    sponsors.set(sponsor, entry);
  }
  const most = [...sponsors.values()].sort((a, b) => b.poolFen - a.poolFen || a.sponsor - b.sponsor);
  return { balances, sponsors: most.slice(0, MOST_SPONSORS) };
}
