import { sparsePercentile } from "../../counters/histogram.ts";
import type { Snapshot } from "../../counters/series.ts";
import { type Point, robustSlope } from "./slope.ts";

/** What both processes did in a second, as far as a drift is seen in it. */
export interface DriftSecond {
  readonly second: number;
  readonly server?: Pick<Snapshot, "process">;
  readonly client?: Pick<Snapshot, "histograms">;
}

/** How something changed over the second half of a phase; null where there is nothing to tell from. */
export interface Drift {
  /** Growth of the server's memory. */
  readonly memoryMbPerH: number | null;
  /** Growth of the p99 of each second's shakes. */
  readonly p99MsPerH: number | null;
}

/** The begin of a phase warms up caches, buffers and the compiler: only its second half says where it leads. */
export function driftOf(seconds: readonly DriftSecond[]): Drift {
  const half = seconds.slice(Math.floor(seconds.length / 2));
  const perHour = (read: (second: DriftSecond) => number | undefined): number | null => {
    const points = half.flatMap((second): Point[] => {
      const value = read(second);
      return value === undefined ? [] : [{ at: second.second / 3_600, value }];
    });
    const slope = robustSlope(points);
    return Number.isFinite(slope) ? slope : null;
  };
  return {
    memoryMbPerH: perHour(({ server }) => server && server.process.rssBytes / 1e6),
    p99MsPerH: perHour(({ client }) => {
      const buckets = client?.histograms.shakeLatencyUs ?? [];
      return buckets.length === 0 ? undefined : sparsePercentile(buckets, 99) / 1000;
    }),
  };
}
