import { alignColumns } from "../cli/columns.ts";
import { formatCount, formatMicros, formatYuan } from "../base/units.ts";
import type { PhaseResult, Usage } from "./measure/measures.ts";
import { pluginFigures } from "../report/data/figures.ts";
import { type CheckRow, valueText } from "../report/data/check.ts";

/** A phase that is shorter than this only warms up: how it drifts is a measure, and nothing to look at. */
const DRIFT_S = 600;
const DRIFT_ROWS: readonly [label: string, value: (result: PhaseResult) => string][] = [
  ["server memory grew", ({ drift }) => driftText(drift?.memoryMbPerH, "MB/h")],
  ["p99 grew", ({ drift }) => driftText(drift?.p99MsPerH, "ms/h")],
];

const GREETINGS_ROW: [label: string, value: (result: PhaseResult) => string] = [
  "greetings",
  ({ greeted }) => formatCount(greeted),
];

/** Only for phases in which somebody sends or claims. */
const SEND_ROWS: readonly [label: string, value: (result: PhaseResult) => string][] = [
  ["packets sent", ({ sends }) => `${formatCount(sends.done)} of ${formatCount(sends.sent)}`],
  ["send p99", ({ sends }) => formatMicros(sends.sendUs.p99)],
  ["claims", ({ sends, seconds }) => `${formatCount(sends.claims / seconds)}/s`],
  ["claims answered", ({ sends }) => formatCount(sends.claimsAnswered)],
  ["claims paid", ({ sends }) => `${formatCount(sends.paid)} (${formatYuan(sends.paidFen)})`],
  ["claim p50", ({ sends }) => formatMicros(sends.claimUs.p50)],
  ["claim p99", ({ sends }) => formatMicros(sends.claimUs.p99)],
  ["chats", ({ sends }) => formatCount(sends.chats)],
];

/** The table of phases: one column a phase, one row a figure, every figure with its unit. */
export function phaseTable(results: readonly PhaseResult[]): string {
  const hasGreetings = results.some(({ greeted }) => greeted > 0);
  const rows: [label: string, value: (result: PhaseResult) => string][] = [
    ["due", ({ due, seconds }) => `${formatCount(due / seconds)}/s`],
    ["sent", ({ sent }) => formatCount(sent)],
    ["answered", ({ answered }) => formatCount(answered)],
    ["won", ({ won, wonFen }) => `${formatCount(won)} (${formatYuan(wonFen)})`],
    ["nothing", ({ nothing }) => formatCount(nothing)],
    ...(hasGreetings ? [GREETINGS_ROW] : []),
    ["all gone", ({ allGone }) => formatCount(allGone)],
    ["overloaded", ({ overloaded }) => formatCount(overloaded)],
    ["not sent", ({ missed }) => formatCount(missed.late + missed.unconnected + missed.overrun)],
    ["lost", ({ lost }) => formatCount(lost)],
    ["answered well in time", ({ good }) => formatCount(good)],
    ["p99 but overloaded", ({ admittedP99Us }) => formatMicros(admittedP99Us)],
    ["disconnects", ({ disconnects }) => formatCount(disconnects)],
    ["p50", ({ latencyUs }) => formatMicros(latencyUs.p50)],
    ["p90", ({ latencyUs }) => formatMicros(latencyUs.p90)],
    ["p99", ({ latencyUs }) => formatMicros(latencyUs.p99)],
    ["p99.9", ({ latencyUs }) => formatMicros(latencyUs.p999)],
    ["max", ({ latencyUs }) => formatMicros(latencyUs.max)],
    ["control p99", ({ controlUs }) => formatMicros(controlUs.p99)],
    ["server CPU", ({ server }) => cores(server)],
    [
      "server CPU a shake",
      ({ server, answered }) => `${(server.cpuMs * 1000 / Math.max(1, answered)).toFixed(1)} us`,
    ],
    ["server memory", ({ server }) => megabytes(server)],
    ["fleet CPU", ({ client }) => cores(client)],
    ["fleet memory", ({ client }) => megabytes(client)],
  ];
  if (results.some(({ seconds }) => seconds >= DRIFT_S)) rows.push(...DRIFT_ROWS);
  if (results.some(({ sends }) => sends.claims + sends.sent > 0)) rows.push(...SEND_ROWS);
  rows.push(
    ...pluginFigures(results).map(({ label, value, write }): typeof rows[number] => [
      label,
      (result) => write(value(result)),
    ]),
  );
  return alignColumns([
    ["", ...results.map(({ name }) => name)],
    ...rows.map(([label, value]) => [label, ...results.map(value)]),
  ]);
}

/** What had to hold, a line each. */
export function checkTable(checks: readonly CheckRow[]): string {
  const rows = checks.map((
    { phase, what, wanted, seen, isMet, note = "" },
  ) => [isMet ? "ok" : "FAIL", phase, what, seen, wanted, note]);
  return alignColumns([["", "phase", "what", "seen", "wanted", ""], ...rows], 6);
}

function driftText(value: number | null | undefined, unit: "MB/h" | "ms/h"): string {
  return value === null || value === undefined ? "" : valueText(value, unit);
}

function cores(usage: Usage): string {
  return `${(usage.cores * 100).toFixed(0)} % of a core`;
}

function megabytes(usage: Usage): string {
  return `${Math.round(usage.rssBytes / 1e6)} MB`;
}
