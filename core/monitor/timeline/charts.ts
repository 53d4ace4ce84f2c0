import type { MergedSecond, Role, RoleSecond } from "./merge.ts";

/** How the numbers of a chart are written. */
export type Unit = "count" | "perSecond" | "us" | "ms" | "bytes" | "bytesPerSecond" | "percent" | "yuan";

/** Where a line comes from that the processes of a role tell. */
export type RoleSource =
  /** Growth, present value, or sum since the start, which a history adds up; of several metrics, their sum. */
  | { readonly kind: "delta" | "gauge" | "total"; readonly role: Role; readonly metrics: readonly string[] }
  /** Which of several gauges is above 0, counted from 1; of several, the last; 0 for none. */
  | { readonly kind: "highest"; readonly role: Role; readonly metrics: readonly string[] }
  | { readonly kind: "percentile"; readonly role: Role; readonly metric: string; readonly percent: number }
  | {
    readonly kind: "usage";
    readonly role: Role;
    readonly value: "cpuMs" | "cpuSystemMs" | "rssBytes" | "heapUsedBytes" | "loopDelayMs";
  };

/** Where a line comes from that the machines' interfaces tell. */
export interface CarriedSource {
  readonly kind: "network" | "loopback";
  readonly value: "rxBytes" | "rxPackets" | "txBytes" | "txPackets";
}

/** One line of a chart. */
export interface LineSpec {
  readonly label: string;
  readonly source: RoleSource | CarriedSource;
  /** What a value is multiplied with before it is shown. */
  readonly scale?: number;
}

/** One chart, for the page, the terminal and the report alike. */
export interface ChartSpec {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly lines: readonly LineSpec[];
  /** Values of very different size are told apart on it. */
  readonly isLog?: boolean;
  /** Lines that are zero all the time are left out. */
  readonly isSparse?: boolean;
}

/** The value of a line in a second, or null where nobody has told of it. Of a total: what it grew by. */
export function lineValue({ source, scale = 1 }: LineSpec, merged: MergedSecond): number | null {
  const value = "role" in source
    ? roleValue(source, merged.roles[source.role])
    : carriedValue(source, merged);
  return value === null ? null : value * scale;
}

function carriedValue({ kind, value }: CarriedSource, merged: MergedSecond): number | null {
  return merged.hasNetwork ? merged[kind][value] : null;
}

function roleValue(source: RoleSource, role: RoleSecond | undefined): number | null {
  if (role === undefined) return null;
  if (source.kind === "usage") return role[source.value];
  if (source.kind === "percentile") {
    const histogram = role.histograms[source.metric];
    return histogram === undefined || histogram.count === 0 ? null : histogram.percentile(source.percent);
  }
  if (source.kind === "highest") {
    if (source.metrics.every((metric) => role.gauges[metric] === undefined)) return null;
    return source.metrics.findLastIndex((metric) => role.gauges[metric] > 0) + 1;
  }
  const table = source.kind === "gauge" ? role.gauges : role.deltas;
  let sum: number | null = null;
  for (const metric of source.metrics) {
    if (table[metric] === undefined) continue;
    sum = (sum ?? 0) + table[metric] + (source.kind === "total" ? role.unseen[metric] ?? 0 : 0);
  }
  return sum;
}
