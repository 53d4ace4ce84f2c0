import { formatCount, formatMicros } from "../../base/units.ts";
import { Histogram } from "../../counters/histogram.ts";
import type { Snapshot } from "../../counters/series.ts";

/** A snapshot that took longer to come is not taken for a longer second: the wall clock was set, in ms. */
const MOST_ELAPSED_MS = 5_000;

/**
 * One second of a fleet in one line.
 *
 * @param sinceMs when the reading before this one was taken, in unix ms: the first and a late second aren't a second
 */
export function progressLine({ readAtMs, gauges, deltas, histograms }: Snapshot, sinceMs: number): string {
  const elapsedMs = readAtMs - sinceMs;
  const seconds = elapsedMs > 0 && elapsedMs < MOST_ELAPSED_MS ? elapsedMs / 1000 : 1;
  const perS = (...names: string[]) =>
    `${formatCount(names.reduce((sum, name) => sum + deltas[name], 0) / seconds)}`;
  const latency = new Histogram().add(histograms.shakeLatencyUs);
  const isShort = deltas.shakesSent < deltas.shakesDue;
  const isLossy = deltas.shakesLost + deltas.shakesGivenUp > 0;
  return [
    `${formatCount(gauges.usersConnected)} connected`,
    `${formatCount(gauges.usersReady)} ready`,
    ...(isShort ? [`${perS("shakesDue")} due/s`] : []),
    `${perS("shakesSent")} sent/s`,
    `${perS("shakesAnswered")} answered/s`,
    ...(isShort ? [`${perS("ticksLate", "ticksUnconnected", "ticksOverrun")} not sent/s`] : []),
    ...(isLossy ? [`${perS("shakesLost", "shakesGivenUp")} lost/s`] : []),
    `${perS("shakesWon")} won/s`,
    ...(latency.count === 0
      ? []
      : [`p50 ${formatMicros(latency.percentile(50))}`, `p99 ${formatMicros(latency.percentile(99))}`]),
  ].join("  ");
}
