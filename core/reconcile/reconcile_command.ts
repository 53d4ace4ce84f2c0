import { flag, type Flags, helpText, listFlag, parseFlags, switchFlag } from "../cli/flags.ts";
import type { Command } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { Stages } from "../cli/progress.ts";
import { formatCount, formatYuan } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { z } from "zod";
import { reconcile, type ReconcileResult } from "./reconcile.ts";
import type { SponsorSums } from "./seed_match.ts";

/** Differences that are printed. */
const MOST_PRINTED = 50;

const RECONCILE_FLAGS = {
  ledger: listFlag("DIR", "a ledger; several to find what is in two"),
  seeds: listFlag("DIR", "seed files, or a folder of them: every packet must be one of their tickets"),
  "seed-keys": flag("DIR", "folder of keys whose seed files are taken", z.string().default("keys")),
  fleet: listFlag("FILE", "what a fleet saw, written by redpkt client --awards FILE; may be repeated"),
  "cut-fleet": listFlag("FILE", "the same for a file whose end is known to be missing, as of a killed fleet"),
  "allow-uncovered": switchFlag("awards of users whom no fleet file covers are no difference"),
  json: JSON_FLAG,
} satisfies Flags;

/** `redpkt reconcile`: do the ledger and what the users saw agree? */
export const command: Command = {
  summary: "compares a ledger with what the users saw",
  run(host, args) {
    const { values, operands, wantsHelp } = parseFlags(args, RECONCILE_FLAGS);
    if (wantsHelp) {
      const about =
        "Compares ledgers with what fleets saw, packet by packet. Exit code 0 only without a difference.";
      host.out(helpText("redpkt reconcile --ledger DIR --fleet FILE", about, RECONCILE_FLAGS));
      return Promise.resolve(ExitCode.ok);
    }
    const problems = operands.map((operand) => `${operand}: redpkt reconcile takes flags only`);
    if (values.ledger.length === 0) problems.push("--ledger is missing. Give --ledger DIR");
    for (const name of ["ledger", "seeds", "fleet", "cut-fleet"] as const) {
      for (const place of values[name]) {
        if (isAbsent(place)) problems.push(`--${name} ${place}: there is no such file or folder`);
      }
    }
    if (problems.length > 0) throw new UserError(problems.join("\n"));
    const stages = new Stages(host);
    const result = reconcile({
      onStage: stages.on,
      ledgers: values.ledger,
      fleetFiles: values.fleet,
      cutFleetFiles: values["cut-fleet"],
      allowsUncovered: values["allow-uncovered"],
      seeds: values.seeds.length === 0 ? undefined : { places: values.seeds, keys: values["seed-keys"] },
    });
    stages.end();
    writeResult(host, values.json, result, () => reconcileReport(result));
    return Promise.resolve(result.isClean ? ExitCode.ok : ExitCode.failed);
  },
};

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
