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
    ...resourceRows(result),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const table = rows.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`).join("");
  return `${table}\nexit code ${result.exitCode}: ${result.verdict}\n`;
}

function wherePositive(label: string, value: number, words: string): [string, string][] {
  return value === 0 ? [] : [[label, `${formatCount(value)} ${words}`]];
}

/** What was really fetched, and what was only modelled: never one for the other. */
function resourceRows({ resources }: FleetResult): [string, string][] {
  if (resources === undefined) return [];
  const { fetched, modelled, packages } = resources;
  const whole = (part: { users: number; usersWhole: number }) =>
    `${formatCount(part.usersWhole)} of ${formatCount(part.users)} users have all ${
      formatCount(packages)
    } packages`;
  return [
    [
      "fetched",
      `${whole(fetched)}; ${formatCount(fetched.bytes)} bytes, ${
        formatCount(fetched.chunks)
      } chunks proven, ` +
      `${formatCount(fetched.damaged)} damaged, ${
        formatCount(fetched.bytesInShakes)
      } bytes while people shook`,
    ],
    ...(modelled.users === 0 ? [] : [[
      "modelled",
      `${whole(modelled)}: would be ${formatCount(modelled.bytes)} bytes, ` +
      `at most ${formatCount(modelled.mostBytesInS)} in a second; none of them moved`,
    ] as [string, string]]),
  ];
}
