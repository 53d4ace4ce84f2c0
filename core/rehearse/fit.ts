import type { Host } from "../cli/host.ts";
import { formatCount, formatMicros } from "../base/units.ts";
import type { PlanInput } from "../seed/plan/plan_schema.ts";
import type { PhaseResult } from "./measure/measures.ts";
import { Run } from "./run.ts";
import { completeScenario, type FullScenario, type Phase } from "./measure/scenario.ts";
import { Stage, type StageOptions } from "./stage/stage.ts";
import { Timeline } from "./timeline.ts";

/** Parts of the highest rate that are tried, one after the other, until one fits. */
const SHARES = [1, 0.5, 0.25, 0.1, 0.04] as const;
/** First a little at this part of the rate: code that was never run is slow, and says nothing of the machine. */
const WARM_UP_SHARE = 0.1;
const WARM_UP_S = 1;
const PROBE_S = 2;
/** Of what is due so much must be sent, in per cent; the probe begins at once at its full rate. */
const MIN_SENT_PERCENT = 99;
/** Half of the bound at the article's lower rate, so that a slightly worse moment doesn't fail it. */
const MOST_P99_MS = 25;
/** A machine that never comes under that is asked for answers within so many times what it does. */
const SLOWER_TIMES = 4;
/** One that isn't fit for the article's rates is given at least this: it is small, or busy, and will have worse moments. */
const SMALL_P99_MS = 250;
/** With fewer users each shakes so often that more than one shake is open at a time. */
const MANY_USERS = 2_000;
/** How long a user of a probe waits: what is given up doesn't hold up the next one. */
const PATIENCE_MS = 1_000;

/** A scenario at the rates that a machine can do. */
export interface Fitted {
  readonly scenario: FullScenario;
  /** What was tried, and what is asked for, in one line. */
  readonly text: string;
}

/** Plays short probes on a stage of their own, and fits a scenario to what the machine can do. Takes 5 to 15 s. */
export async function fitToMachine(
  host: Host,
  scenario: FullScenario,
  options: StageOptions,
  rateShare: number,
  signal: AbortSignal,
): Promise<Fitted> {
  const rates = scenario.phases.map(({ shakesPerS }) => shakesPerS * rateShare);
  const probes = probesOf(scenario, Math.max(...rates), options.users);
  const stage = await Stage.start(host, probes, options);
  try {
    const timeline = new Timeline(() => {});
    const { phases } = await new Run(host, stage, timeline, 1, signal).play(probes, options.users, fits);
    return fitted(scenario, rateShare, phases.filter(({ name }) => name !== "warm_up"));
  } finally {
    await stage.stop();
  }
}

function probesOf(scenario: FullScenario, mostPerS: number, users: number): FullScenario {
  const phase = (name: string, seconds: number, share: number) => ({
    name,
    seconds,
    shakesPerS: Math.max(1, Math.round(mostPerS * share)),
  });
  return completeScenario({
    name: "probe",
    about: "what this machine can do",
    users: scenario.users,
    connectsPerS: scenario.connectsPerS,
    protocol: scenario.protocol,
    fleet: { patienceMs: PATIENCE_MS, ...(users < MANY_USERS ? {} : { open: 1 }) },
    phases: [
      phase("warm_up", WARM_UP_S, WARM_UP_SHARE),
      ...SHARES.map((share, i) => phase(`probe_${i}`, PROBE_S, share)),
    ],
  });
}

function fits(result: PhaseResult): boolean {
  return result.name !== "warm_up" && isAnswered(result) && p99Ms(result) <= MOST_P99_MS;
}

function isAnswered({ due, sent, answered }: PhaseResult): boolean {
  return sent >= due * MIN_SENT_PERCENT / 100 && answered === sent;
}

function p99Ms({ latencyUs }: PhaseResult): number {
  return latencyUs.p99 / 1000;
}

/**
 * The scenario at the rates of the last probe, which was the first that fitted. If none did, at those of the best that was
 * answered, or of the last, with more time for each answer.
 *
 * @param probes in the order of `SHARES`
 */
export function fitted(scenario: FullScenario, rateShare: number, probes: readonly PhaseResult[]): Fitted {
  const isFit = fits(probes.at(-1)!);
  const answered = probes.findIndex(isAnswered);
  const at = isFit || answered < 0 ? probes.length - 1 : answered;
  const share = SHARES[at] * rateShare;
  const isWhole = isFit && at === 0;
  const slowMs = isWhole
    ? 0
    : Math.max(SMALL_P99_MS, isFit ? 0 : Math.ceil(SLOWER_TIMES * p99Ms(probes[at])));
  const phases = scenario.phases.map((phase) => fittedPhase(phase, share, slowMs, scenario));
  const rates = phases.map(({ shakesPerS }) => formatCount(shakesPerS)).join(" and ");
  const tried = probes.map((probe) => {
    const what = isAnswered(probe) ? "were answered, p99" : `weren't all sent and answered, p99`;
    return `${formatCount(probe.due / probe.seconds)} shakes a second ${what} ${
      formatMicros(probe.latencyUs.p99)
    }`;
  }).join("; ");
  const bound = slowMs === 0 ? "" : `, within ${Math.max(...phases.map(boundMs))} ms`;
  return {
    scenario: {
      ...scenario,
      about: `everyone connects, then shakes at ${rates.replaceAll(" and", " and at")} a second`,
      engineShare: {},
      phases,
    },
    text: `this machine: ${tried}. So the demo asks for ${rates} a second${bound}${
      share === 1 ? "" : `, ${Number((share * 100).toFixed(1))} % of the article's`
    }`,
  };
}

function fittedPhase(phase: Phase, share: number, slowMs: number, scenario: FullScenario): Phase {
  if (share === 1 && slowMs === 0) return phase;
  const shakesPerS = Math.max(1, Math.round(phase.shakesPerS * share));
  const isPlanned = (scenario.plan as PlanInput | undefined)?.waves.some(({ name }) => name === phase.name);
  const p99Ms = phase.thresholds.p99Ms;
  return {
    ...phase,
    name: `shake_${shakesPerS % 1000 === 0 ? `${shakesPerS / 1000}k` : shakesPerS}`,
    ...(isPlanned ? { wave: phase.name } : {}),
    shakesPerS,
    thresholds: {
      ...phase.thresholds,
      ...(p99Ms === undefined ? {} : { p99Ms: { ...p99Ms, atMost: Math.max(p99Ms.atMost ?? 0, slowMs) } }),
    },
  };
}

function boundMs({ thresholds }: Phase): number {
  return thresholds.p99Ms?.atMost ?? 0;
}
