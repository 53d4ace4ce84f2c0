import { formatCount, formatMicros } from "../../base/units.ts";
import { Histogram } from "../../counters/histogram.ts";
import type { Snapshot } from "../../counters/series.ts";

/** One second of a fleet in one line. */
export function progressLine({ gauges, deltas, histograms }: Snapshot): string {
  const latency = new Histogram().add(histograms.shakeLatencyUs);
  const parts = [
    `${formatCount(gauges.usersConnected)} connected`,
    `${formatCount(gauges.usersReady)} ready`,
    `${formatCount(deltas.shakesSent)} sent/s`,
    `${formatCount(deltas.shakesAnswered)} answered/s`,
    `${formatCount(deltas.shakesWon)} won/s`,
  ];
  if (latency.count > 0) {
    parts.push(`p50 ${formatMicros(latency.percentile(50))}`, `p99 ${formatMicros(latency.percentile(99))}`);
  }
  const missed = deltas.ticksLate + deltas.ticksUnconnected + deltas.ticksOverrun;
  if (missed > 0) parts.push(`${formatCount(missed)} missed/s`);
  return parts.join("  ");
}
