import { flag, type Flags, type FlagValues, listFlag, switchFlag } from "../cli/flags.ts";
import { commandOf } from "../cli/command/command.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { Stages } from "../cli/progress.ts";
import { formatCount, formatYuan } from "../base/units.ts";
import { ExitCode } from "../base/user_error.ts";
import { z } from "zod";
import { withBooks } from "../books/command/with_books.ts";
import { reconcile, type ReconcileResult } from "./reconcile.ts";
import { reconcileBooks, type ReconcileBooksOptions, type ReconcileBooksResult } from "./reconcile_books.ts";
import type { SponsorSums } from "./seed_match.ts";

/** Differences that are printed. */
const MOST_PRINTED = 50;

const RECONCILE_FLAGS = {
  ledger: listFlag("DIR", "a ledger; several to find what is in two"),
  books: flag("URL", "books of many hosts: postgres://... or a SQLite file", z.string().optional()),
  "gateway-statement": flag(
    "FILE",
    "with --books: what the payment gateway says that it paid, as CSV",
    z.string().optional(),
  ),
  seeds: listFlag("DIR", "seed files, or a folder of them: every packet must be one of their tickets"),
  "seed-keys": flag("DIR", "folder of keys whose seed files are taken", z.string().default("keys")),
  fleet: listFlag("FILE", "what a fleet saw, written by redpkt client --awards FILE; may be repeated"),
  "cut-fleet": listFlag("FILE", "the same for a file whose end is known to be missing, as of a killed fleet"),
  "allow-uncovered": switchFlag("awards of users whom no fleet file covers are no difference"),
  json: JSON_FLAG,
} satisfies Flags;

/** `redpkt reconcile`: do the ledger and what the users saw agree? */
export const command = commandOf({
  name: "reconcile",
  about:
    "Compares ledgers with what fleets saw, packet by packet; with --books hosts, books, gateway and seeds. " +
    "Exit code 0 only without a difference.",
  flags: RECONCILE_FLAGS,
  examples: [
    {
      line: "redpkt reconcile --ledger data --fleet awards.csv",
      shows: "what the ledger gave, and what users saw",
    },
    {
      line: "redpkt reconcile --books books.db --ledger data --gateway-statement paid.csv --seeds seeds",
      shows: "every place in which the money of an event stands, against each other",
    },
  ],
}, async (host, values) => {
  const stages = new Stages(host);
  const options: ReconcileBooksOptions = {
    onStage: stages.on,
    ledgers: values.ledger,
    fleetFiles: values.fleet,
    cutFleetFiles: values["cut-fleet"],
    allowsUncovered: values["allow-uncovered"],
    seeds: values.seeds.length === 0 ? undefined : { places: values.seeds, keys: values["seed-keys"] },
    gatewayStatement: values["gateway-statement"],
  };
  const ofBooks = values.books === undefined
    ? undefined
    : await withBooks(values.books, (books) => reconcileBooks(books, options));
  const result = ofBooks ?? reconcile(options);
  stages.end();
  const text = () => (ofBooks === undefined ? "" : booksReport(ofBooks)) + reconcileReport(result);
  writeResult(host, values.json, result, text);
  return result.isClean ? ExitCode.ok : ExitCode.failed;
}, flagProblems);

function flagProblems(values: Partial<FlagValues<typeof RECONCILE_FLAGS>>): string[] {
  const problems: string[] = [];
  if (values.ledger?.length === 0 && values.books === undefined) {
    problems.push("--ledger is missing. Give --ledger DIR, or --books URL");
  }
  if (values["gateway-statement"] !== undefined && values.books === undefined) {
    problems.push("--gateway-statement: needs --books URL, which it is compared with");
  }
  for (const name of ["ledger", "seeds", "fleet", "cut-fleet", "gateway-statement"] as const) {
    for (const place of [values[name] ?? []].flat()) {
      if (isAbsent(place)) problems.push(`--${name} ${place}: there is no such file or folder`);
    }
  }
  return problems;
}

/** Asked of all places first, so that all that are wrong are told of. */
function isAbsent(place: string): boolean {
  try {
    Deno.statSync(place);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound; // of any other trouble tells who reads it
  }
}

/** Where a sponsor's budget is. */
export function sponsorLine(sponsor: SponsorSums): string {
  const { number, name, budgetFen, wonFen, wonTickets, poolFen, returnedFen, unusedFen } = sponsor;
  return `sponsor ${number} ${name}: ${formatYuan(budgetFen)} = ${formatYuan(wonFen)} won in ` +
    `${formatCount(wonTickets)} tickets + ${formatYuan(poolFen)} not won + ${
      formatYuan(returnedFen)
    } returned` +
    (unusedFen === 0 ? "" : ` + ${formatYuan(unusedFen)} in files that no ledger here has used`);
}

/** What the books and the gateway say, as text. */
function booksReport({ event, hosts, statement: { total }, payments }: ReconcileBooksResult): string {
  const lines = hosts.map(({ host, name, rows, isCompared }) =>
    `host ${host}${name === "" ? "" : ` ${name}`}: ${formatCount(rows)} rows in the books, ` +
    (isCompared ? "compared with its ledger" : "its ledger was not given")
  );
  const paid = `${formatCount(total.paidPackets)} paid, ${formatYuan(total.paidFen)}`;
  const toCome = total.notSettledFen + total.heldFen + total.toPayFen + total.inDoubtFen;
  lines.push(
    `${event}: ${formatCount(total.openedPackets)} opened, ${formatYuan(total.openedFen)} = ${paid} + ` +
      `${formatYuan(total.openedFen - total.paidFen - toCome)} back at the sponsors + ${
        formatYuan(toCome)
      } to come`,
    payments === null
      ? "no statement of the gateway was given: what it paid was not compared"
      : `${formatCount(payments.paid)} payments, ${
        formatYuan(payments.paidFen)
      }, are the same at the gateway` +
        (payments.others === 0 ? "" : `; ${formatCount(payments.others)} of its lines are of other events`),
  );
  return `${lines.join("\n")}\n`;
}

/** A result as text. */
export function reconcileReport(result: ReconcileResult): string {
  const lines: string[] = [];
  for (
    const { ledger, hostNumber, sourceFen, poolFen, heldFen, userFen, returnedFen, packetFen } of result
      .accounts
  ) {
    lines.push(
      `${ledger}  host number ${hostNumber}`,
      `  source    ${formatYuan(sourceFen)}  put in`,
      `  user      ${formatYuan(userFen)}  won`,
      `  held      ${formatYuan(heldFen)}  won, and not opened`,
      `  pool      ${formatYuan(poolFen)}  won by nobody yet`,
      `  packets   ${formatYuan(packetFen)}  sent, and not claimed`,
      `  returned  ${formatYuan(returnedFen)}  back at the sponsors`,
    );
  }
  for (const sponsor of result.sponsors) lines.push(sponsorLine(sponsor));
  const count = (n: number) => formatCount(n);
  lines.push(
    `${count(result.packetsMade)} packets made, ${count(result.awards)} awarded`,
    `${count(result.seen)} awards seen, ${formatYuan(result.seenFen)}`,
    `${count(result.opened)} of them opened by their users, ${count(result.openedSeen)} of these seen`,
    `${count(result.seenAgain)} seen again by the same user`,
    `${count(result.shares)} shares of sent packets claimed, ${count(result.sharesSeen)} of them seen`,
    `${count(result.pending)} pending, ${
      formatYuan(result.pendingFen)
    }: durable, and their users did not come back`,
    result.fleetFiles === 0
      ? "no fleet file was given: what users saw was not compared"
      : `${count(result.uncovered)} of users whom no fleet file covers, ${formatYuan(result.uncoveredFen)}`,
  );
  for (const words of result.differences.slice(0, MOST_PRINTED)) lines.push(`DIFFERENCE  ${words}`);
  const more = result.differenceCount - Math.min(result.differences.length, MOST_PRINTED);
  if (more > 0) lines.push(`and ${count(more)} more`);
  lines.push(result.isClean ? "no difference" : `${count(result.differenceCount)} differences`);
  return lines.join("\n") + "\n";
}
