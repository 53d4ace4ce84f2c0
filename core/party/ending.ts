import { checkLedger } from "../audit/check/check.ts";
import { closeEvent } from "../audit/close_event.ts";
import type { Clock } from "../base/clock.ts";
import { formatOf, formatYuan } from "../base/units.ts";
import { claimProblems } from "../seed/claim/claim_problems.ts";
import type { Guests } from "./state/guests.ts";
import type { PartyFolder } from "./state/party_folder.ts";
import { PartyTickets } from "./state/party_plan.ts";
import { type Winner, winnersCsv, winnersHtml, winnersOf } from "./state/winners_list.ts";
import { Wins } from "./state/wins.ts";

/** How a party ended. */
export interface PartyEnd {
  readonly name: string;
  readonly dir: string;
  readonly guests: number;
  readonly winners: number;
  readonly packetsOpened: number;
  readonly wonFen: number;
  readonly returnedFen: number;
  readonly budgetFen: number;
  /** What the check of the ledger found; empty if every fen is where it must be. */
  readonly problems: readonly string[];
  readonly csv: string;
  readonly page: string;
}

/**
 * Ends a party whose server has stopped: what nobody won or opened goes back, the ledger is proven, and the list of
 * winners is written. Doing it again changes nothing.
 *
 * @throws UserError if the ledger can't be closed
 */
export function endParty(folder: PartyFolder, guests: Guests, clock: Clock): PartyEnd {
  closeEvent(folder.ledger, clock);
  const { problems } = checkLedger(folder.ledger, {
    claims: (ledger, seeds) => claimProblems(ledger, seeds, folder.claims),
  });
  const wins = new Wins(folder.ledger);
  wins.read();
  const tickets = new PartyTickets(folder.party.plan);
  const winners = winnersOf(wins, guests);
  if (folder.party.endedAt === undefined) folder.end(clock.wallMs());
  const csv = `${folder.path}/winners.csv`;
  const page = `${folder.path}/winners.html`;
  writeWhole(csv, winnersCsv(winners, folder.party, tickets));
  writeWhole(page, winnersHtml(winners, folder.party, problems.length));
  return {
    name: folder.party.plan.name,
    dir: folder.path,
    guests: guests.count,
    winners: winners.filter(({ amountFen }) => amountFen > 0).length,
    packetsOpened: wins.openCount,
    wonFen: sumOf(winners),
    returnedFen: wins.returnedFen,
    budgetFen: tickets.budgetFen,
    problems,
    csv,
    page,
  };
}

/** The same for people. */
export function endText(end: PartyEnd): string {
  const { problems } = end;
  return `${end.name} is over: ${formatYuan(end.wonFen)} in ${formatOf(end.packetsOpened, "packet")} ` +
    `to ${formatOf(end.winners, "winner")} of ${formatOf(end.guests, "guest")}; ` +
    `${formatYuan(end.returnedFen)} of ${formatYuan(end.budgetFen)} went back.\n` +
    `Winners: ${end.csv}, and to print ${end.page}\n` +
    (problems.length === 0
      ? `Ledger: ${end.dir}/ledger, checked: every fen is in one account\n`
      : `Ledger: ${end.dir}/ledger\n${problems.map((problem) => `WRONG  ${problem}\n`).join("")}`);
}

function sumOf(winners: readonly Winner[]): number {
  return winners.reduce((sum, { amountFen }) => sum + amountFen, 0);
}

/** It is there whole, or as it was before. */
function writeWhole(path: string, text: string): void {
  Deno.writeTextFileSync(`${path}.new`, text);
  Deno.renameSync(`${path}.new`, path);
}
