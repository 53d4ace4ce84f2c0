import { formatCount, formatMicros, formatYuan } from "../../base/units.ts";
import type { FleetResult } from "./fleet_result.ts";

/** What a fleet did in all, as a table, and in the last line what its exit code says. */
export function summaryTable(result: FleetResult): string {
  const { answers, notSent, lost, latencyUs: latency } = result;
  const time = (us: number) => latency.count === 0 ? "-" : formatMicros(us);
  const count = formatCount;
  const connecting = notSent.connecting === 0
    ? ""
    : `, ${count(notSent.connecting)} of them before the first login`;
  const rows: [label: string, value: string][] = [
    ["due", `${count(result.due)} shakes`],
    ["sent", count(result.sent)],
    ["answered", count(result.answered)],
    [
      "not sent",
      `${count(notSent.late)} late, ${count(notSent.notLoggedIn)} not logged in${connecting}, ` +
      `${count(notSent.waiting)} still waiting`,
    ],
    ["lost", `${count(lost.withConnection)} with their connection, ${count(lost.givenUp)} given up`],
    ...wherePositive("late answers", result.answersLate, "to shakes given up before"),
    ...wherePositive("stray answers", result.answersUnasked, "to no shake"),
    ["won", `${count(answers.won)} packets, ${formatYuan(result.wonFen)}`],
    ...wherePositive("won late", result.awardsLate, "packets heard of beside any shake"),
    ["nothing", count(answers.nothing)],
    ["greetings", count(answers.greeted)],
    ...wherePositive("notices", answers.noticed, "instead of another answer"),
    ["all gone", count(answers.allGone)],
    ["overloaded", count(answers.overloaded)],
    ["claimed", `${count(result.claimsPaid)} packets, ${formatYuan(result.claimedFen)}`],
    ["connects", `${count(result.connects)} of ${count(result.dials)} dials`],
    ["disconnects", count(result.disconnects)],
    ...wherePositive("not timed", latency.unknown, "answers; version 0 can't tell to which shake"),
    ["in time", count(result.inTime)],
    ["p50", time(latency.p50)],
    ["p90", time(latency.p90)],
    ["p99", time(latency.p99)],
    ["p99.9", time(latency.p999)],
    ["max", time(latency.max)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const table = rows.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`).join("");
  return `${table}\nexit code ${result.exitCode}: ${result.verdict}\n`;
}

function wherePositive(label: string, value: number, words: string): [string, string][] {
  return value === 0 ? [] : [[label, `${formatCount(value)} ${words}`]];
}
