import { alignColumns } from "../cli/columns.ts";
import { formatCount, formatYuan } from "../base/units.ts";
import { INVARIANTS } from "./run/invariants.ts";
import { commandLineOf, type WorldResult } from "./run/run_world.ts";

/** Lines of the log that are shown. */
const MAX_LINES = 40;

/** A world for people: what happened, where the money went, and the verdict. */
export function worldText(result: WorldResult, tookMs: number): string {
  const { plan, log, violations } = result;
  const lines = [
    `world ${plan.seed}: ${formatCount(plan.hosts)} hosts in ${plan.cities} cities, ${
      formatCount(plan.users)
    } users, ` +
    `${plan.minutes} minutes, ${plan.faults.length} faults`,
    "",
    ...log.slice(0, MAX_LINES).map(({ atMs, what }) => `  ${seconds(atMs)}  ${what}`),
    ...(log.length > MAX_LINES ? [`  ... and ${log.length - MAX_LINES} more`] : []),
    ...(log.length > 0 ? [""] : []),
    ...table(result),
    "",
    `trace ${result.hash} of ${formatCount(result.events)} events; ${formatCount(result.turns)} turns; ` +
    `${(result.tookMs / 1_000).toFixed(0)} s of virtual time in ${(tookMs / 1_000).toFixed(1)} s`,
  ];
  if (violations.length === 0) return `${lines.join("\n")}\nPASS  every promise was kept\n`;
  const told = violations.map(({ invariant, what, atMs }) => `  ${seconds(atMs)}  ${invariant}: ${what}`);
  const { invariant } = violations[0];
  return `${lines.join("\n")}\nFAIL  ${invariant}: ${INVARIANTS[invariant].what}\n${told.join("\n")}\n\n  ${
    commandLineOf(plan)
  }\n`;
}

function table({ sums, hostsLost, plan }: WorldResult): string[] {
  const rows: [string, string][] = [
    ["put in", formatYuan(sums.putInFen)],
    ["won", `${formatCount(sums.awards)} packets, ${formatYuan(sums.awardedFen)}`],
    ["told", `${formatCount(sums.told)} packets`],
    ["opened", `${formatCount(sums.opened)} packets`],
    ["paid", `${formatCount(sums.paid)} packets, ${formatYuan(sums.paidFen)}`],
    [
      "in the books",
      Object.entries(sums.states).map(([state, count]) => `${state} ${formatCount(count)}`).join(", "),
    ],
    ["shakes", formatCount(sums.shakes)],
    ["deaths of processes", formatCount(sums.deaths)],
    ["hosts lost", `${hostsLost} of ${plan.hosts}`],
    [
      "lost with disks",
      `${formatCount(sums.lostAwards)} packets, ${formatYuan(sums.lostFen)}; users know of ${sums.lostTold}`,
    ],
    ["documents", `${sums.documents} issued, ${sums.refusals} refused`],
  ];
  return alignColumns(rows, 2).trimEnd().split("\n");
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1).padStart(7)} s`;
}
