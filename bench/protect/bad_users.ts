/** Users who mean no good or are gone, among users who behave: each run is compared with a calm one without them. */
import type { Host } from "../../core/cli/host.ts";
import { formatCount, formatMicros } from "../../core/base/units.ts";
import type { EngineName } from "../../core/engine/common/engine.ts";
import type { PhaseResult } from "../../core/rehearse/measure/measures.ts";
import type { Scenario } from "../../core/rehearse/measure/scenario.ts";
import type { CheckRow as Check } from "../../core/report/data/check.ts";
import type { Totals } from "../../core/counters/series.ts";
import { figure, type Found } from "../common/bench_result.ts";
import { premise } from "../common/premise.ts";
import { hasSmallBuffers } from "./small_buffers.ts";
import { withStage } from "./played.ts";

const SECONDS = 45;
const SHAKE_EVERY_S: [least: number, most: number] = [5, 10];
/** How long slow peers may take, in seconds. */
const PATIENCE_S = 5;
/** The cap of a connection where users hammer; and where some never read, whose answers must fill their buffers. */
const CAP_PER_S = 2;
const READS_PER_S = 20;
const HAMMER = 0.1;
/** Each of them shakes ten times a second. */
const NEVER_READ = 0.05;
const LEAST_GOOD_PERCENT = 99;
const MOST_SLOWER = 2;
const MOST_GROWTH_MB = 100;

type Misbehave = NonNullable<NonNullable<Scenario["fleet"]>["misbehave"]>;

interface Played {
  readonly result: PhaseResult;
  readonly server: Totals;
}

function play(
  host: Host,
  engine: EngineName,
  users: number,
  connectionPerS: number,
  misbehave: Misbehave,
): Promise<Played> {
  const set = {
    "throttle.mostLevel": 2,
    "throttle.connectionPerS": connectionPerS,
    "throttle.connectionBurst": 10,
  };
  const flags = { "login-seconds": PATIENCE_S, "frame-seconds": PATIENCE_S, "read-seconds": PATIENCE_S };
  return withStage(host, engine, users, {
    server: { set, flags },
    fleet: { shakeEveryS: SHAKE_EVERY_S, misbehave },
    phases: [{ name: "shakes", seconds: SECONDS, shakesPerS: 0, packets: { ratePerS: 200 } }],
  }, async (_stage, play) => {
    const { phases: [result], end: { server } } = await play();
    return { result, server };
  });
}

const goodPercent = ({ good, due }: PhaseResult) => good / Math.max(1, due) * 100;

/** A tenth hammers. */
export async function runHammer(host: Host, engine: EngineName, users: number): Promise<Found> {
  const { result: calm } = await play(host, engine, Math.round(users * 0.9), CAP_PER_S, {});
  const { result, server } = await play(host, engine, users, CAP_PER_S, { hammer: HAMMER });
  premise(
    result.badUsers >= 0.9 * HAMMER * users,
    `${result.badUsers} of ${users} users hammered, where a tenth should`,
  );
  tell(host, calm, result);
  checkPlayed("calm", calm);
  premise(
    server.counters.throttleByConnection > result.badUsers,
    `${server.counters.throttleByConnection} shakes of ${result.badUsers} users who hammer were refused`,
  );
  const slower = result.admittedP99Us / Math.max(1, calm.admittedP99Us);
  const checks: Check[] = [successCheck("hammer", result), {
    phase: "hammer",
    what: "the others' p99, against the calm one",
    seen: `${slower.toFixed(2)} times`,
    wanted: `under ${MOST_SLOWER} times`,
    isMet: slower < MOST_SLOWER,
  }];
  return {
    checks,
    figures: [figure("others' p99 beside users who hammer, against without", "times", [slower])],
  };
}

/** Half of them never read, send a byte now and then, or stop after half a frame. */
export async function runDead(host: Host, engine: EngineName, users: number): Promise<Found> {
  const calm = await play(host, engine, users, READS_PER_S, {});
  const bad = await play(host, engine, users, READS_PER_S, {
    "never-read": NEVER_READ,
    drip: (0.5 - NEVER_READ) / 2,
    half: (0.5 - NEVER_READ) / 2,
  });
  tell(host, calm.result, bad.result);
  checkPlayed("calm", calm.result);
  const growthMb = (bad.server.rssBytes - calm.server.rssBytes) / 1e6;
  const reasons = ["FrameTimeout", "LoginTimeout", ...(hasSmallBuffers(host) ? ["SlowReader"] : [])];
  const closed = (reason: string): Check => ({
    phase: "dead",
    what: `closed for ${reason}`,
    seen: formatCount(bad.server.counters[`closed${reason}`]),
    wanted: "at least 1",
    isMet: bad.server.counters[`closed${reason}`] >= 1,
  });
  const checks: Check[] = [
    {
      phase: "dead",
      what: "memory above the calm one",
      seen: `${growthMb.toFixed(0)} MB`,
      wanted: `at most ${MOST_GROWTH_MB} MB`,
      isMet: growthMb <= MOST_GROWTH_MB,
    },
    ...reasons.map(closed),
    successCheck("dead", bad.result),
  ];
  return { checks, figures: [figure("memory for dead peers", "MB", [growthMb])] };
}

/** That the run without bad users, which the other is compared with, was a good one. */
function checkPlayed(name: string, result: PhaseResult): void {
  premise(result.due > 0, `${name}: nobody shook`);
  premise(
    goodPercent(result) >= LEAST_GOOD_PERCENT && result.disconnects === 0,
    `${name}: ${
      goodPercent(result).toFixed(2)
    } % in time, ${result.disconnects} disconnects, so there is nothing to compare with`,
  );
}

function successCheck(phase: string, result: PhaseResult): Check {
  return {
    phase,
    what: "the others' shakes answered well in time",
    seen: `${goodPercent(result).toFixed(2)} %`,
    wanted: `at least ${LEAST_GOOD_PERCENT} %`,
    isMet: goodPercent(result) >= LEAST_GOOD_PERCENT && result.disconnects === 0,
  };
}

function tell(host: Host, calm: PhaseResult, result: PhaseResult): void {
  const words = (of: PhaseResult) =>
    `${formatCount(of.due / SECONDS)} shakes/s, ${goodPercent(of).toFixed(2)} % in time, p99 ${
      formatMicros(of.admittedP99Us)
    }, ${of.disconnects} disconnects, server ${(of.server.cores * 100).toFixed(0)} % of a core`;
  host.out(`  calm: ${words(calm)}\n  with ${formatCount(result.badUsers)} bad: ${words(result)}\n`);
}
