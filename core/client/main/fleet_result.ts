import { formatCount } from "../../base/units.ts";
import { ExitCode } from "../../base/user_error.ts";
import { Histogram } from "../../counters/histogram.ts";
import type { Totals } from "../../counters/series.ts";

/** What a fleet's counters don't say. */
export interface FleetFacts {
  /** Users that behave. */
  readonly users: number;
  /** Whether all of them have been logged in at one time. */
  readonly wereAllReady: boolean;
  /** Fewer answered shakes, in per cent of those that were due, are a failure. */
  readonly leastAnsweredPercent: number;
  /** What ended it before it was asked to, such as `SIGINT`. */
  readonly interruptedBy: string | undefined;
  /** Why a thread died, if one has. */
  readonly diedWith: string | undefined;
}

/** What a fleet did in all; what `redpkt client --json` prints. Times in microseconds, money in fen. */
export interface FleetResult {
  readonly exitCode: number;
  /** Why it ends with that code, in words. */
  readonly verdict: string;
  readonly users: number;
  /** Shakes that the schedule, or a user's think time, asked for: sent or not sent. */
  readonly due: number;
  /** Sent: answered or lost. */
  readonly sent: number;
  readonly answered: number;
  readonly answers: Readonly<
    Record<"won" | "nothing" | "greeted" | "noticed" | "allGone" | "overloaded", number>
  >;
  readonly inTime: number;
  readonly notSent: {
    /** The fleet itself came too late. */
    readonly late: number;
    readonly notLoggedIn: number;
    /** Of these, of users who had not been logged in before. */
    readonly connecting: number;
    /** The user waited for an answer still, or the server read nothing. */
    readonly waiting: number;
  };
  readonly lost: { readonly withConnection: number; readonly givenUp: number };
  /** Answers to shakes that were given up before, and to none. */
  readonly answersLate: number;
  readonly answersUnasked: number;
  /** From when a shake was due to its answer; `unknown` answers are left out. */
  readonly latencyUs: Readonly<Record<"count" | "unknown" | "p50" | "p90" | "p99" | "p999" | "max", number>>;
  readonly wonFen: number;
  readonly awardsLate: number;
  readonly claimsPaid: number;
  readonly claimedFen: number;
  readonly dials: number;
  readonly connects: number;
  readonly logins: number;
  readonly disconnects: number;
  /** What users fetched from a depot; absent without one. */
  readonly resources?: FetchedResources;
}

/** Who really fetched, byte by byte; and who was only reckoned with. */
export interface FetchedResources {
  readonly packages: number;
  readonly fetched: {
    readonly users: number;
    readonly usersWhole: number;
    readonly chunks: number;
    readonly bytes: number;
    readonly bytesInShakes: number;
    readonly damaged: number;
    readonly refused: number;
  };
  readonly modelled: {
    readonly users: number;
    readonly usersWhole: number;
    readonly chunks: number;
    readonly bytes: number;
    readonly mostBytesInS: number;
    readonly refused: number;
  };
}

function resourcesOf({ counters: c, gauges: g }: Pick<Totals, "counters" | "gauges">): FetchedResources {
  return {
    packages: g.depotPackages,
    fetched: {
      users: g.depotUsers,
      usersWhole: g.depotUsersWhole,
      chunks: c.depotChunks,
      bytes: c.depotBytes,
      bytesInShakes: c.depotBytesInShakes,
      damaged: c.depotDamaged,
      refused: c.depotRefused,
    },
    modelled: {
      users: g.modelledUsers,
      usersWhole: g.modelledUsersWhole,
      chunks: c.modelledChunks,
      bytes: c.modelledBytes,
      mostBytesInS: g.modelledMostBytesInS,
      refused: c.modelledRefused,
    },
  };
}

/** The result of a fleet that has ended. */
export function fleetResult(
  totals: Pick<Totals, "counters" | "gauges" | "histograms">,
  facts: FleetFacts,
): FleetResult {
  const { counters: c } = totals;
  const latency = new Histogram().add(totals.histograms.shakeLatencyUs);
  const result = {
    users: facts.users,
    due: c.shakesDue,
    sent: c.shakesSent,
    answered: c.shakesAnswered,
    answers: {
      won: c.shakesWon,
      nothing: c.shakesNothing,
      greeted: c.shakesGreeted,
      noticed: c.shakesNoticed,
      allGone: c.shakesAllGone,
      overloaded: c.shakesOverloaded,
    },
    inTime: c.shakesInTime,
    notSent: {
      late: c.ticksLate,
      notLoggedIn: c.ticksUnconnected,
      connecting: c.ticksConnecting,
      waiting: c.ticksOverrun,
    },
    lost: { withConnection: c.shakesLost, givenUp: c.shakesGivenUp },
    answersLate: c.answersLate,
    answersUnasked: c.answersUnasked,
    latencyUs: {
      count: latency.count,
      unknown: c.latenciesUnknown,
      p50: latency.percentile(50),
      p90: latency.percentile(90),
      p99: latency.percentile(99),
      p999: latency.percentile(99.9),
      max: latency.max,
    },
    wonFen: c.amountWonFen,
    awardsLate: c.awardsLate,
    claimsPaid: c.claimsPaid,
    claimedFen: c.amountClaimedFen,
    dials: c.dials,
    connects: c.connects,
    logins: c.logins,
    disconnects: c.disconnects,
    ...(totals.gauges.depotUsers + totals.gauges.modelledUsers > 0 ? { resources: resourcesOf(totals) } : {}),
  };
  return { ...judge(result, facts), ...result };
}

type Unjudged = Omit<FleetResult, "exitCode" | "verdict">;

function judge(result: Unjudged, facts: FleetFacts): Pick<FleetResult, "exitCode" | "verdict"> {
  const { due, answered, notSent, logins, dials, users } = result;
  // Whoever was on their way in at the start was not to shake yet; whoever never came in was.
  const wanted = due - (facts.wereAllReady ? notSent.connecting : 0);
  const unanswered = wanted - answered;
  const percent = wanted === 0 ? 100 : 100 * answered / wanted;
  if (facts.diedWith !== undefined) return { exitCode: ExitCode.workerDied, verdict: facts.diedWith };
  if (facts.interruptedBy !== undefined) {
    const verdict = `ended by ${facts.interruptedBy} before its time: ${failure(result, wanted, percent)}`;
    return { exitCode: ExitCode.interrupted, verdict };
  }
  if (logins === 0 || (wanted > 0 && answered === 0)) {
    const came = logins === 0 ? `0 logins of ${formatCount(dials)} dials` : failure(result, wanted, percent);
    return { exitCode: ExitCode.nobodyServed, verdict: `nobody was served: ${came}` };
  }
  if (percent < facts.leastAnsweredPercent) {
    const verdict = `${
      failure(result, wanted, percent)
    }; ${facts.leastAnsweredPercent} % are wanted (--least-answered)`;
    return { exitCode: ExitCode.failed, verdict };
  }
  if (wanted === 0) {
    const missing = facts.wereAllReady ? "" : ", not all of them at one time";
    return { exitCode: ExitCode.ok, verdict: `no shakes were due; ${formatCount(users)} users${missing}` };
  }
  const verdict = unanswered === 0
    ? `every one of ${formatCount(wanted)} shakes that were due was answered`
    : failure(result, wanted, percent);
  return { exitCode: ExitCode.ok, verdict };
}

/** How many shakes had no answer, and why. */
function failure({ due, sent, lost, answered }: Unjudged, wanted: number, percent: number): string {
  const notSent = wanted - sent;
  const parts = [
    notSent > 0 ? `${formatCount(notSent)} not sent` : "",
    lost.withConnection > 0 ? `${formatCount(lost.withConnection)} lost with their connection` : "",
    lost.givenUp > 0 ? `${formatCount(lost.givenUp)} given up` : "",
  ].filter((part) => part !== "").join(", ");
  if (due === 0) return "no shakes were due";
  return `${formatCount(wanted - answered)} of ${formatCount(wanted)} shakes that were due had no answer ` +
    `(${percentText(percent)} had one)${parts === "" ? "" : `: ${parts}`}`;
}

/** Rounded down, so that nothing but all is 100 %. */
function percentText(percent: number): string {
  return `${Math.floor(percent * 100) / 100} %`;
}
