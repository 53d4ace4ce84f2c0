import { DatabaseSync } from "node:sqlite";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { TRUTH_FILE } from "../../core/ledger/store/sqlite_store.ts";
import { premise, wasServed } from "../common/premise.ts";
import type { LedgerWindow } from "./played_ledger.ts";

/** Of the packets that are given away, so many are won and durable, or the waits are those of another load. */
const DURABLE: readonly [least: number, most: number] = [0.95, 1.05];
/** Shakes that may be under way at both ends of a window, as a part of a second's. */
const IN_FLIGHT = 0.25;

/** Who wins a second packet of one sponsor is refused: with 20,000 sponsors that is a rare chance. */
const MOST_REFUSED = 0.005;

/** What a window of awards is named for. */
export interface Offer {
  readonly awardsPerS: number;
  readonly shakesPerS: number;
}

/** That a window had the shakes and the awards that it is named for, with none refused, late or without a place. */
export function checkLedgerWindow(
  window: Pick<LedgerWindow, "grew" | "seconds" | "ledgerPercent">,
  { awardsPerS, shakesPerS }: Offer,
): void {
  const fleet = (name: string) => window.grew(name, "client");
  const played = {
    name: `${awardsPerS} awards/s`,
    due: Math.round(shakesPerS * window.seconds),
    sent: fleet("shakesSent"),
    answered: fleet("shakesAnswered"),
    overloaded: fleet("shakesOverloaded"),
    disconnects: fleet("disconnects"),
  };
  for (const fault of ["shakeLedgerFull", "verdictsLate"]) {
    premise(window.grew(fault) === 0, `${played.name}: ${window.grew(fault)} ${fault}`);
  }
  const refused = window.grew("shakeAwardsRefused");
  premise(
    refused <= MOST_REFUSED * window.grew("shakeWon"),
    `${played.name}: the ledger refused ${refused}, which costs no row`,
  );
  wasServed(played, IN_FLIGHT * shakesPerS);
  const durablePerS = window.grew("shakeWon") / window.seconds;
  const part = durablePerS / awardsPerS;
  premise(
    part >= DURABLE[0] && part <= DURABLE[1],
    `${played.name}: ${Math.round(durablePerS)}/s were durable`,
  );
  premise(window.grew("ledgerCommits") > 0, `${played.name}: the ledger committed nothing`);
  premise(
    window.ledgerPercent > 0,
    `${played.name}: the ledger's thread used no CPU time, so it is another thread`,
  );
}

/** That what was told to winners is on the disk: after the server was killed, its truth has all that was won. */
export function checkTruth(directory: string, won: number, held: number): void {
  const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
  try {
    const row = db.prepare("select count(*) as n from entry where kind = ?").get(EntryKind.award);
    const awards = Number(row?.n);
    premise(
      awards >= won + held,
      `the truth has ${awards} awards, though ${won + held} were told to winners`,
    );
  } finally {
    db.close();
  }
}
