import { Histogram, type SparseHistogram } from "../../counters/histogram.ts";
import type { Totals } from "../../counters/series.ts";
import { type SendResult, sendResult } from "./send_measures.ts";

/** What a threshold can be about. */
export const MEASURES = [
  "offeredPercent",
  "answeredPercent",
  "overloadedPercent",
  "disconnects",
  "goodPercent",
  "admittedP99Ms",
  "p99TimesFirst",
  "serverGrowthMb",
  "readyPercent",
  "backAfterS",
  "dialErrors",
  "closedBad",
  "misbehavingPercent",
  "won",
  "p50Ms",
  "p99Ms",
  "p999Ms",
  "sendsDonePercent",
  "claimsAnsweredPercent",
  "claimsPaid",
  "claimP99Ms",
] as const;
export type Measure = typeof MEASURES[number];

/** What happened in one phase, from exact differences of both processes' counters. */
export interface PhaseResult {
  readonly name: string;
  readonly seconds: number;
  /** Shakes that the schedule asked for, that were sent, and their answers by kind. */
  readonly scheduled: number;
  readonly offered: number;
  readonly answered: number;
  readonly won: number;
  readonly wonFen: number;
  readonly nothing: number;
  readonly greeted: number;
  readonly allGone: number;
  readonly overloaded: number;
  /** Ticks of the schedule that were not sent: late, of users without a connection, or with too many open shakes. */
  readonly missed: { readonly late: number; readonly unconnected: number; readonly overrun: number };
  readonly disconnects: number;
  /** Shakes that were answered well and in time, and given up. */
  readonly good: number;
  readonly givenUp: number;
  /** The 99th percentile of those that were answered otherwise than overloaded. */
  readonly admittedP99Us: number;
  /** Users who behave and are logged in at the end of the phase, of how many. */
  readonly ready: number;
  readonly behaving: number;
  /** From a restart of the server until all of them were back, in seconds; `NaN` without one. */
  readonly backAfterS: number;
  /** Connects that failed for another reason than that nobody listened. */
  readonly dialErrors: number;
  /** Connections that the server closed since their peer was slow or dead, and the misbehaving ones at the end. */
  readonly closedBad: number;
  readonly misbehaving: number;
  readonly badUsers: number;
  /** From when a shake was due to its answer. */
  readonly latencyUs: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
  };
  readonly latencyBuckets: SparseHistogram;
  /** From an order of the server's main thread to a worker until its answer. */
  readonly controlUs: { readonly p50: number; readonly p99: number };
  readonly server: Usage;
  readonly client: Usage;
  readonly sends: SendResult;
}

/** What a process used in a phase. */
export interface Usage {
  /** CPU time as a share of one core. */
  readonly cores: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** Both processes' counters at one moment. */
export interface Reading {
  server: Totals;
  readonly client: Totals;
}

/** The result of a phase from the readings at its two ends. */
export function phaseResult(
  name: string,
  seconds: number,
  before: Reading,
  after: Reading,
  backAfterS = NaN,
): PhaseResult {
  const grew = (counter: string) => after.client.counters[counter] - before.client.counters[counter];
  const buckets = difference(after.client.histograms.shakeLatencyUs, before.client.histograms.shakeLatencyUs);
  const latency = new Histogram().add(buckets);
  const control = new Histogram().add(
    difference(after.server.histograms.controlLatencyUs, before.server.histograms.controlLatencyUs),
  );
  return {
    name,
    seconds,
    scheduled: grew("shakesDue"),
    offered: grew("shakesSent"),
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
    admittedP99Us: new Histogram().add(
      difference(after.client.histograms.admittedLatencyUs, before.client.histograms.admittedLatencyUs),
    ).percentile(99),
    ready: after.client.gauges.usersReady,
    behaving: after.client.gauges.usersBehaving,
    backAfterS,
    dialErrors: DIAL_ERRORS.reduce((sum, counter) => sum + grew(counter), 0),
    closedBad: BAD_CLOSES.reduce(
      (sum, counter) => sum + after.server.counters[counter] - before.server.counters[counter],
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
  };
}

/** Dials that fail for these reasons show a fault, other than that nobody listens while a server is down. */
const DIAL_ERRORS = ["Timeout", "NoPort", "NoDescriptor", "NoMemory", "Unreachable"].map((cause) =>
  `dialFailed${cause}`
);
/** What the server closes slow and dead peers for. */
const BAD_CLOSES = ["closedLoginTimeout", "closedFrameTimeout", "closedSlowReader", "closedIdle"];

/** One measure of a phase, in the unit that its name says; some compare it with the first one. */
export function measure(result: PhaseResult, name: Measure, first: PhaseResult): number {
  const percent = (part: number, whole: number) => whole === 0 ? 100 : part / whole * 100;
  switch (name) {
    case "offeredPercent":
      return percent(result.offered, result.scheduled);
    case "answeredPercent":
      return percent(result.answered, result.offered);
    case "overloadedPercent":
      return result.answered === 0 ? 0 : percent(result.overloaded, result.answered);
    case "disconnects":
      return result.disconnects;
    case "goodPercent":
      return percent(result.good, result.scheduled);
    case "admittedP99Ms":
      return result.admittedP99Us / 1000;
    case "p99TimesFirst":
      return result.admittedP99Us / Math.max(1, first.admittedP99Us);
    case "serverGrowthMb":
      return (result.server.rssBytes - first.server.rssBytes) / 1e6;
    case "readyPercent":
      return percent(result.ready, result.behaving);
    case "backAfterS":
      return result.backAfterS;
    case "dialErrors":
      return result.dialErrors;
    case "closedBad":
      return result.closedBad;
    case "misbehavingPercent":
      return result.badUsers === 0 ? 0 : percent(result.misbehaving, result.badUsers);
    case "won":
      return result.won;
    case "p50Ms":
      return result.latencyUs.p50 / 1000;
    case "p99Ms":
      return result.latencyUs.p99 / 1000;
    case "p999Ms":
      return result.latencyUs.p999 / 1000;
    case "sendsDonePercent":
      return percent(result.sends.done, result.sends.sent);
    case "claimsAnsweredPercent":
      return percent(result.sends.claimsAnswered, result.sends.claims);
    case "claimsPaid":
      return result.sends.paid;
    case "claimP99Ms":
      return result.sends.claimUs.p99 / 1000;
  }
}

function usage(before: Totals, after: Totals): Usage {
  const cpuMs = after.cpuUserMs + after.cpuSystemMs - before.cpuUserMs - before.cpuSystemMs;
  const elapsedMs = Math.max(1, after.readAtMs - before.readAtMs);
  return { cores: cpuMs / elapsedMs, cpuMs, rssBytes: after.rssBytes };
}

/** What a histogram has grown by. Counts are modulo 2^32. */
function difference(after: SparseHistogram, before: SparseHistogram): SparseHistogram {
  const earlier = new Map(before);
  return after
    .map(([bucket, count]): [number, number] => [bucket, (count - (earlier.get(bucket) ?? 0)) >>> 0])
    .filter(([, count]) => count > 0);
}
