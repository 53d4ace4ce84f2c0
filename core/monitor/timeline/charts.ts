import type { CarriedSource, LineSpec, RoleSource } from "../../charts/chart.ts";
import type { MergedSecond, RoleSecond } from "./merge.ts";

export type { ChartSpec, LineSpec, Unit } from "../../charts/chart.ts";

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
  if (source.kind === "worst") return role.worst[source.metric] ?? null;
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
