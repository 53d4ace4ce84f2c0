import { missingFen, moneyLine, moneyVerdict } from "../charts/money_line.ts";
import { formatCount, formatMicros, formatOf } from "../base/units.ts";
import type { WarningSpec } from "../charts/chart.ts";
import { type Finding, healthOf, LOST, NOT_SENT } from "./timeline/health.ts";
import { moneyOf } from "./timeline/money_sums.ts";
import type { MergedSecond, RoleSecond } from "./timeline/merge.ts";
import type { ShownSecond } from "./timeline/timeline.ts";

/** The line that says where all the money is, as it is told before the first second; undefined if no server told. */
export function headlessMoney({ merged }: ShownSecond): string | undefined {
  const money = moneyOf(merged);
  return money === undefined ? undefined : `${moneyLine(money)}\n`;
}

/** One second of everything in one line of text. */
export function headlessLine(
  shown: ShownSecond,
  warnings: readonly WarningSpec[],
  more: readonly Finding[] = [],
): string {
  const { merged, reporting, expected } = shown;
  const { server, client, gateway } = merged.roles;
  const parts = [
    new Date(merged.second * 1000).toISOString().slice(11, 19),
    `${reporting === expected ? "" : `${reporting} of `}${formatOf(expected, "target")}`,
  ];
  const money = moneyOf(merged);
  if (money !== undefined) parts.push(`money ${moneyVerdict(money)}`);
  if (client !== undefined) parts.push(...fleetParts(client));
  if (server !== undefined) parts.push(...serverParts(server));
  if (gateway !== undefined) parts.push(...gatewayParts(gateway));
  if (Object.keys(merged.roles).length === 0) parts.push("nothing heard");
  if (shown.isAmended) parts.push("(amended)");
  parts.push(...healthOf(merged, warnings, more).texts.map((text) => `(${text})`));
  return parts.join("  ") + "\n";
}

/** The same for programs: sums, and percentiles of the merged histograms. */
export function headlessJson(
  shown: ShownSecond,
  warnings: readonly WarningSpec[],
  more: readonly Finding[] = [],
): string {
  const { merged, reporting, expected, isAmended } = shown;
  const money = moneyOf(merged);
  return JSON.stringify(
    {
      second: merged.second,
      reporting,
      expected,
      isAmended,
      server: roleJson(merged.roles.server),
      client: roleJson(merged.roles.client),
      gateway: roleJson(merged.roles.gateway),
      health: healthOf(merged, warnings, more),
      ...(money === undefined ? {} : { money: { ...money, offFen: missingFen(money) } }),
      ...(merged.hasNetwork ? { network: merged.network, loopback: merged.loopback } : {}),
    } satisfies Record<string, unknown> & { second: MergedSecond["second"] },
  ) + "\n";
}

function fleetParts({ deltas, gauges, histograms }: RoleSecond): string[] {
  const perS = (word: string, ...names: string[]) =>
    `${formatCount(names.reduce((sum, name) => sum + (deltas[name] ?? 0), 0))} ${word}/s`;
  const parts = [
    perS("due", "shakesDue"),
    perS("sent", "shakesSent"),
    perS("answered", "shakesAnswered"),
    perS("not sent", ...NOT_SENT),
    perS("lost", ...LOST),
    `${formatCount(deltas.shakesWon ?? 0)} won/s`,
    `${formatCount(gauges.usersReady ?? 0)} ready`,
  ];
  const latency = histograms.shakeLatencyUs;
  if (latency !== undefined && latency.count > 0) {
    parts.push(`p50 ${formatMicros(latency.percentile(50))}`, `p99 ${formatMicros(latency.percentile(99))}`);
  }
  return parts;
}

function serverParts({ deltas, gauges, cpuUserMs, cpuSystemMs }: RoleSecond): string[] {
  return [
    `${formatCount(gauges.connections ?? 0)} connections`,
    `${formatCount(deltas.framesOut ?? 0)} frames/s`,
    `servers' CPU ${Math.round((cpuUserMs + cpuSystemMs) / 10)} %`,
  ];
}

function gatewayParts({ deltas, gauges, cpuUserMs, cpuSystemMs }: RoleSecond): string[] {
  return [
    `${formatCount(gauges.connections ?? 0)} through gateways`,
    `${formatCount(deltas.framesOut ?? 0)} frames/s`,
    `gateways' CPU ${Math.round((cpuUserMs + cpuSystemMs) / 10)} %`,
  ];
}

function roleJson(role: RoleSecond | undefined): unknown {
  if (role === undefined) return undefined;
  const { histograms, ...numbers } = role;
  const percentiles = Object.fromEntries(
    Object.entries(histograms).map(([name, histogram]) => [name, {
      count: histogram.count,
      p50: histogram.percentile(50),
      p90: histogram.percentile(90),
      p99: histogram.percentile(99),
      p999: histogram.percentile(99.9),
      max: histogram.max,
    }]),
  );
  return { ...numbers, percentiles };
}
