import { percentOf, type PhaseCounts, type PhaseSide, type PluginMeasure } from "../../charts/measure.ts";
import { Histogram, type SparseHistogram } from "../../counters/histogram.ts";
import type { Totals } from "../../counters/series.ts";
import type { CheckUnit } from "../../report/data/check.ts";
import type { PhaseSummary } from "../../report/data/summary_schema.ts";
import { type Drift, driftOf } from "./drift.ts";
import { sendResult } from "./send_measures.ts";

/** What happened in one phase, from exact differences of both processes' counters. */
export type PhaseResult = PhaseSummary;

/** What a process used in a phase. */
export type Usage = PhaseSummary["server"];

/** Both processes' counters at one moment. */
export interface Reading {
  server: Totals;
  readonly client: Totals;
}

/**
 * The result of a phase from the readings at its two ends.
 *
 * @param measures of the server's plugins
 */
export function phaseResult(
  name: string,
  seconds: number,
  before: Reading,
  after: Reading,
  backAfterS: number | null = null,
  measures: Readonly<Record<string, PluginMeasure>> = {},
  drift: Drift = driftOf([]),
): PhaseResult {
  const grew = (counter: string) => growth(after.client, before.client, counter);
  const buckets = difference(after.client.histograms.shakeLatencyUs, before.client.histograms.shakeLatencyUs);
  const latency = new Histogram().add(buckets);
  const control = new Histogram().add(
    difference(after.server.histograms.controlLatencyUs, before.server.histograms.controlLatencyUs),
  );
  return {
    name,
    seconds,
    due: grew("shakesDue"),
    sent: grew("shakesSent"),
    answered: grew("shakesAnswered"),
    won: grew("shakesWon"),
    wonFen: grew("amountWonFen"),
    nothing: grew("shakesNothing"),
    greeted: grew("shakesGreeted"),
    allGone: grew("shakesAllGone"),
    overloaded: grew("shakesOverloaded"),
    missed: { late: grew("ticksLate"), unconnected: grew("ticksUnconnected"), overrun: grew("ticksOverrun") },
    disconnects: grew("disconnects"),
    good: grew("shakesInTime"),
    givenUp: grew("shakesGivenUp"),
    lost: grew("shakesLost") + grew("shakesGivenUp"),
    admittedP99Us: new Histogram().add(
      difference(after.client.histograms.admittedLatencyUs, before.client.histograms.admittedLatencyUs),
    ).percentile(99),
    ready: after.client.gauges.usersReady,
    behaving: after.client.gauges.usersBehaving,
    backAfterS,
    dialErrors: DIAL_ERRORS.reduce((sum, counter) => sum + grew(counter), 0),
    closedBad: BAD_CLOSES.reduce(
      (sum, counter) => sum + growth(after.server, before.server, counter),
      0,
    ),
    misbehaving: after.client.gauges.badConnected,
    badUsers: after.client.gauges.badUsers,
    latencyUs: {
      p50: latency.percentile(50),
      p90: latency.percentile(90),
      p99: latency.percentile(99),
      p999: latency.percentile(99.9),
      max: latency.max,
    },
    latencyBuckets: buckets,
    controlUs: { p50: control.percentile(50), p99: control.percentile(99) },
    server: usage(before.server, after.server),
    client: usage(before.client, after.client),
    sends: sendResult(
      grew,
      (name) => difference(after.client.histograms[name], before.client.histograms[name]),
    ),
    drift,
    measures: measured(measures, {
      seconds,
      server: phaseSide(before.server, after.server),
      client: phaseSide(before.client, after.client),
    }),
  };
}

/** Dials that fail for these reasons show a fault, other than that nobody listens while a server is down. */
const DIAL_ERRORS = ["Timeout", "NoPort", "NoDescriptor", "NoMemory", "Unreachable"].map((cause) =>
  `dialFailed${cause}`
);
/** What the server closes slow and dead peers for. */
const BAD_CLOSES = ["closedLoginTimeout", "closedFrameTimeout", "closedSlowReader", "closedIdle"];

export interface MeasureSpec {
  readonly unit: CheckUnit;
  /** It is of the server's counters; absent: of the fleet's. */
  readonly isOfServer?: true;
  /** Its value in a phase; some compare it with the first one. NaN where there is none. */
  readonly of: (result: PhaseResult, first: PhaseResult) => number;
}

const ofServer = (spec: MeasureSpec): MeasureSpec => ({ ...spec, isOfServer: true });
const counted = (of: MeasureSpec["of"]): MeasureSpec => ({ unit: "count", of });
const inPercent = (of: MeasureSpec["of"]): MeasureSpec => ({ unit: "percent", of });
/** Of microseconds. */
const inMs = (us: MeasureSpec["of"]): MeasureSpec => ({
  unit: "ms",
  of: (result, first) => us(result, first) / 1000,
});

/** What a threshold can be about, by name; besides what plugins measure. */
export const MEASURES = {
  sentPercent: inPercent(({ sent, due }) => percentOf(sent, due)),
  answeredPercent: inPercent(({ answered, sent }) => percentOf(answered, sent)),
  overloadedPercent: inPercent(({ overloaded, answered }) =>
    answered === 0 ? 0 : percentOf(overloaded, answered)
  ),
  disconnects: counted(({ disconnects }) => disconnects),
  goodPercent: inPercent(({ good, due }) => percentOf(good, due)),
  admittedP99Ms: inMs(({ admittedP99Us }) => admittedP99Us),
  p99TimesFirst: {
    unit: "times",
    of: ({ admittedP99Us }, first) => admittedP99Us / Math.max(1, first.admittedP99Us),
  },
  serverGrowthMb: ofServer({
    unit: "MB",
    of: ({ server }, first) => (server.rssBytes - first.server.rssBytes) / 1e6,
  }),
  memoryMbPerH: { unit: "MB/h", of: ({ drift }) => drift?.memoryMbPerH ?? NaN },
  p99MsPerH: { unit: "ms/h", of: ({ drift }) => drift?.p99MsPerH ?? NaN },
  readyPercent: inPercent(({ ready, behaving }) => percentOf(ready, behaving)),
  backAfterS: { unit: "s", of: ({ backAfterS }) => backAfterS ?? NaN },
  dialErrors: counted(({ dialErrors }) => dialErrors),
  closedBad: ofServer(counted(({ closedBad }) => closedBad)),
  misbehavingPercent: inPercent(({ misbehaving, badUsers }) =>
    badUsers === 0 ? 0 : percentOf(misbehaving, badUsers)
  ),
  won: counted(({ won }) => won),
  p50Ms: inMs(({ latencyUs }) => latencyUs.p50),
  p99Ms: inMs(({ latencyUs }) => latencyUs.p99),
  p999Ms: inMs(({ latencyUs }) => latencyUs.p999),
} satisfies Record<string, MeasureSpec>;

export type Measure = keyof typeof MEASURES;

function phaseSide(before: Totals, after: Totals): PhaseSide {
  return {
    grew: (counter) => growth(after, before, counter),
    gauge: (name) => after.gauges[name] ?? 0,
    percentile(name, percent) {
      const grown = difference(after.histograms[name], before.histograms[name]);
      return grown.length === 0 ? NaN : new Histogram().add(grown).percentile(percent);
    },
  };
}

/** What plugins measure in a phase, as a summary has it. */
function measured(
  measures: Readonly<Record<string, PluginMeasure>>,
  counts: PhaseCounts,
): NonNullable<PhaseSummary["measures"]> {
  return Object.fromEntries(
    Object.entries(measures).map(([name, { unit, label, isMoreBetter, of }]) => {
      const value = of(counts);
      return [name, {
        value: Number.isFinite(value) ? value : null,
        unit,
        ...(label === undefined ? {} : { label }),
        ...(isMoreBetter === undefined ? {} : { isMoreBetter }),
      }];
    }),
  );
}

/** What a counter has grown by; 0 for one that the process hasn't. */
function growth(after: Totals, before: Totals, counter: string): number {
  return (after.counters[counter] ?? 0) - (before.counters[counter] ?? 0);
}

function usage(before: Totals, after: Totals): Usage {
  const cpuMs = after.cpuUserMs + after.cpuSystemMs - before.cpuUserMs - before.cpuSystemMs;
  const elapsedMs = Math.max(1, after.readAtMs - before.readAtMs);
  return { cores: cpuMs / elapsedMs, cpuMs, rssBytes: after.rssBytes };
}

/** What a histogram has grown by. Counts are modulo 2^32. */
function difference(after: SparseHistogram = [], before: SparseHistogram = []): SparseHistogram {
  const earlier = new Map(before);
  return after
    .map(([bucket, count]): [number, number] => [bucket, (count - (earlier.get(bucket) ?? 0)) >>> 0])
    .filter(([, count]) => count > 0);
}
