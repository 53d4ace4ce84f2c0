/** Phases for tests of verdicts. */
import type { PhaseResult } from "./measure/measures.ts";

const USAGE = { cores: 0.5, cpuMs: 1_000, rssBytes: 1e8 };

/** A phase of two seconds in which all was well, but for what a test is about. */
export function makePhase(parts: Partial<PhaseResult> & { p99Us?: number } = {}): PhaseResult {
  const { p99Us = 1_000, ...rest } = parts;
  return {
    name: "p",
    seconds: 2,
    due: 1_000,
    sent: 1_000,
    answered: 1_000,
    won: 1,
    wonFen: 1,
    nothing: 999,
    greeted: 0,
    allGone: 0,
    overloaded: 0,
    missed: { late: 0, unconnected: 0, overrun: 0 },
    disconnects: 0,
    good: 1_000,
    givenUp: 0,
    lost: 0,
    admittedP99Us: p99Us,
    ready: 10,
    behaving: 10,
    backAfterS: null,
    dialErrors: 0,
    closedBad: 0,
    misbehaving: 0,
    badUsers: 0,
    latencyUs: { p50: 500, p90: 700, p99: p99Us, p999: p99Us, max: p99Us },
    latencyBuckets: [],
    controlUs: { p50: 1, p99: 2 },
    server: USAGE,
    client: USAGE,
    sends: {
      sent: 0,
      done: 0,
      refused: 0,
      notices: 0,
      claims: 0,
      claimsAnswered: 0,
      paid: 0,
      paidFen: 0,
      chats: 0,
      chatsRefused: 0,
      claimUs: { p50: 0, p99: 0, max: 0 },
      sendUs: { p50: 0, p99: 0 },
    },
    ...rest,
  };
}
