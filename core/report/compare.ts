import { type Figure, figuresOf } from "./data/figures.ts";
import type { LineSpec } from "../monitor/timeline/charts.ts";
import type { Point } from "../monitor/timeline/history.ts";
import { lineIndex, type RunData } from "./data/run_data.ts";
import type { PhaseSummary } from "./data/summary_schema.ts";

/** A figure of a phase in two runs. */
export interface Difference {
  readonly phase: string;
  readonly label: string;
  /** In `unit`. */
  readonly before: number;
  readonly after: number;
  readonly unit: Figure["unit"];
  /** In per cent of the first; undefined where that is 0. */
  readonly changePercent: number | undefined;
  /** Whether it is more than the runs' own seconds vary by; undefined where that can't be told. */
  readonly isBeyondNoise: boolean | undefined;
  readonly isBetter: boolean | undefined;
}

/** Parts that a phase is cut into: seconds next to each other are alike, parts of several seconds less so. */
const BLOCKS = 5;
/** Welch's t for 8 degrees of freedom and one wrong mark in a thousand: a report makes dozens of comparisons. */
const LEAST_T = 5.04;
/** Smaller differences than this are there between two runs of the same program on the same machine. */
const LEAST_PERCENT = 5;

/** Every figure of the phases that both runs have. */
export function compareRuns(a: RunData, b: RunData): Difference[] {
  return (a.summary.phases ?? []).flatMap((before) => {
    const after = b.summary.phases?.find(({ name }) => name === before.name);
    return after === undefined ? [] : comparePhase(a, b, before, after);
  });
}

function comparePhase(a: RunData, b: RunData, before: PhaseSummary, after: PhaseSummary): Difference[] {
  return figuresOf([before, after]).flatMap(({ label, value, unit, isMoreBetter }): Difference[] => {
    const [was, is] = [value(before), value(after)];
    // A plugin that only one of them had.
    if (Number.isNaN(was) || Number.isNaN(is)) return [];
    const changePercent = was === 0 ? undefined : 100 * (is - was) / was;
    const isBeyondNoise = was === is ? false : judge(a, b, before.name, label, [was, is]);
    return [{
      phase: before.name,
      label,
      before: was,
      after: is,
      unit,
      changePercent,
      isBeyondNoise,
      isBetter: isMoreBetter === undefined || was === is ? undefined : (is > was) === isMoreBetter,
    }];
  });
}

/** Lines of the charts whose seconds say how much a figure varies by itself. */
const SAMPLED: Readonly<Record<string, (line: LineSpec) => boolean>> = {
  due: isDelta("shakesDue"),
  sent: isDelta("shakesSent"),
  answered: isDelta("shakesAnswered"),
  won: isDelta("shakesWon"),
  p50: isPercentile(50),
  p90: isPercentile(90),
  p99: isPercentile(99),
  "p99.9": isPercentile(99.9),
  "server CPU, of a core": isUsage("server"),
  "fleet CPU, of a core": isUsage("client"),
};

function judge(
  a: RunData,
  b: RunData,
  phase: string,
  label: string,
  [was, is]: readonly [number, number],
): boolean | undefined {
  const isWanted = SAMPLED[label];
  if (isWanted === undefined) return undefined;
  if (Math.abs(is - was) < LEAST_PERCENT / 100 * Math.max(was, is)) return false;
  const [x, y] = [a, b].map((run) => {
    const line = lineIndex(run, isWanted);
    return blockMeans(secondsOf(run, phase).map(({ values }) => values[line]));
  });
  if (x === undefined || y === undefined) return undefined;
  return Math.abs(welchT(x, y)) > LEAST_T;
}

/** The seconds of a phase, without its first and last, in which it only begins or ends. */
function secondsOf({ points, marks }: RunData, phase: string): readonly Point[] {
  const phases = marks.filter(({ kind }) => kind === "phase");
  const at = phases.findIndex(({ text }) => text === phase);
  if (at < 0) return [];
  const from = phases[at].atMs / 1000;
  const to = phases[at + 1] === undefined ? Infinity : phases[at + 1].atMs / 1000;
  return points.filter(({ second }) => second > from && second < to - 1);
}

/** Means of equal parts; undefined if there is less than two values for each. */
export function blockMeans(values: readonly (number | null)[]): number[] | undefined {
  const known = values.filter((value) => value !== null);
  const size = Math.floor(known.length / BLOCKS);
  if (size < 2) return undefined;
  return Array.from({ length: BLOCKS }, (_, i) => mean(known.slice(i * size, (i + 1) * size)));
}

/** How far two means lie apart, in standard errors of their difference. */
export function welchT(x: readonly number[], y: readonly number[]): number {
  const gap = mean(y) - mean(x);
  const error = Math.sqrt(variance(x) / x.length + variance(y) / y.length);
  return gap === 0 ? 0 : gap / error;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}

function isDelta(metric: string) {
  return ({ source }: LineSpec) => source.kind === "delta" && source.metrics.includes(metric);
}

function isPercentile(percent: number) {
  return ({ source }: LineSpec) =>
    source.kind === "percentile" && source.metric === "shakeLatencyUs" && source.percent === percent;
}

function isUsage(role: "server" | "client") {
  return ({ source }: LineSpec) =>
    source.kind === "usage" && source.role === role && source.value === "cpuMs";
}
