import { formatCount, formatYuan } from "../../base/units.ts";
import type { CheckReport } from "./check.ts";

/** What a check came to, for people. */
export function checkText(report: CheckReport): string {
  const { balances, limits, problems } = report;
  const most = (count: number, limit: number) =>
    `${count} (${limit === Infinity ? "no limit" : `at most ${limit}`})`;
  const lines = [
    ["ledger", report.ledger],
    ["rows", formatCount(report.rows)],
    ["head", report.head],
    ["host number", String(report.hostNumber)],
    ["mints", formatCount(report.mints)],
    ["awards", `${formatCount(report.awards)} to ${formatCount(report.users)} users`],
    ["delivered", formatCount(report.delivered)],
    ["most of one user", most(report.mostOfUser, limits.packetsPerUser)],
    ["most of one sponsor", most(report.mostOfSponsor, limits.packetsPerSponsor)],
    [
      "projection",
      report.projectionLagRows === 0 ? "up to date" : `${formatCount(report.projectionLagRows)} rows behind`,
    ],
    ["source", formatYuan(balances.sourceFen)],
    ["pool", formatYuan(balances.poolFen)],
    ["held", formatYuan(balances.heldFen)],
    ["packets", formatYuan(balances.packetFen)],
    ["user", formatYuan(balances.userFen)],
    ["returned", formatYuan(balances.returnedFen)],
  ].map(([name, value]) => `${name.padEnd(22)}${value}\n`);
  lines.push(...problems.map((problem) => `WRONG  ${problem}\n`));
  if (problems.length === 0) lines.push("ok: every fen is in one account\n");
  return lines.join("");
}

/** The same for programs: the fields of `CheckReport`; no limit is null. */
export function checkResult(report: CheckReport): object {
  return { isGood: report.problems.length === 0, ...report };
}
