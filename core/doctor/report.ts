import { alignColumns } from "../cli/columns.ts";
import { formatCount } from "../base/units.ts";
import { verdictOf } from "./examine.ts";
import type { Finding, FindingState, Need } from "./finding.ts";

const MARKS: Record<FindingState, string> = { ok: "ok", warning: "warn", impossible: "NO", unknown: "?" };
const VERDICTS = {
  ok: "This host can carry them.",
  warning: "This host can carry them, but not as well as it could:",
  impossible: "This host can't carry them:",
};

/** The findings as a table, and below it what to do about those that aren't fine. */
export function report(need: Need, findings: readonly Finding[]): string {
  const { users, roles, engine } = need;
  const rows = findings.map(({ name, state, is, needs }) => [MARKS[state], name, is, needs]);
  const troubles = findings.filter(({ state }) => state === "warning" || state === "impossible");
  return `${formatCount(users)} users, ${roles.join(" and ")} on this host, engine ${engine}\n\n` +
    alignColumns([["", "check", "is", "needs"], ...rows], 4) +
    `\n${VERDICTS[verdictOf(findings)]}\n` +
    troubles.map(advice).join("");
}

function advice({ name, state, why, remedy = [] }: Finding): string {
  return `\n  ${MARKS[state]}  ${name}: ${why}\n` + remedy.map((line) => `        ${line}\n`).join("");
}
