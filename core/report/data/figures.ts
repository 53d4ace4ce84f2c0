import { formatCount, formatMicros, formatYuan } from "../../base/units.ts";
import type { MeasureUnit } from "../../charts/measure.ts";
import { valueText } from "./check.ts";
import type { PhaseSummary } from "./summary_schema.ts";

/** A figure of a phase. */
export interface Figure {
  readonly label: string;
  readonly value: (phase: PhaseSummary) => number;
  /** Of the value, for programs. */
  readonly unit: "perS" | "us" | "bytes" | MeasureUnit;
  readonly write: (value: number) => string;
  /** Whether more of it is better; undefined where it is neither. */
  readonly isMoreBetter?: boolean;
}

const perSecond = (value: number) => `${formatCount(value)}/s`;
const percent = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} %`;
const megabytes = (value: number) => `${Math.round(value / 1e6)} MB`;
const latency = (label: string, key: keyof PhaseSummary["latencyUs"]): Figure => ({
  label,
  value: ({ latencyUs }) => latencyUs[key],
  unit: "us",
  write: formatMicros,
  isMoreBetter: false,
});

/** What a report tells of each phase, whatever its server does. */
const FIGURES: readonly Figure[] = [
  {
    label: "due",
    value: ({ due, seconds }) => due / seconds,
    unit: "perS",
    write: perSecond,
  },
  {
    label: "sent",
    value: ({ sent, seconds }) => sent / seconds,
    unit: "perS",
    write: perSecond,
    isMoreBetter: true,
  },
  {
    label: "answered",
    value: ({ answered, seconds }) => answered / seconds,
    unit: "perS",
    write: perSecond,
    isMoreBetter: true,
  },
  { label: "won", value: ({ won }) => won, unit: "count", write: formatCount },
  { label: "money won", value: ({ wonFen }) => wonFen, unit: "fen", write: formatYuan },
  { label: "nothing", value: ({ nothing }) => nothing, unit: "count", write: formatCount },
  { label: "greetings", value: ({ greeted }) => greeted, unit: "count", write: formatCount },
  { label: "all gone", value: ({ allGone }) => allGone, unit: "count", write: formatCount },
  {
    label: "overloaded",
    value: ({ overloaded }) => overloaded,
    unit: "count",
    write: formatCount,
    isMoreBetter: false,
  },
  {
    label: "not sent",
    value: ({ missed }) => missed.late + missed.unconnected + missed.overrun,
    unit: "count",
    write: formatCount,
    isMoreBetter: false,
  },
  { label: "lost", value: ({ lost }) => lost, unit: "count", write: formatCount, isMoreBetter: false },
  {
    label: "disconnects",
    value: ({ disconnects }) => disconnects,
    unit: "count",
    write: formatCount,
    isMoreBetter: false,
  },
  latency("p50", "p50"),
  latency("p90", "p90"),
  latency("p99", "p99"),
  latency("p99.9", "p999"),
  latency("max", "max"),
  {
    label: "server CPU, of a core",
    value: ({ server }) => server.cores * 100,
    unit: "percent",
    write: percent,
    isMoreBetter: false,
  },
  {
    label: "server CPU a shake",
    value: ({ server, answered }) => server.cpuMs * 1000 / Math.max(1, answered),
    unit: "us",
    write: (value) => `${value.toFixed(1)} us`,
    isMoreBetter: false,
  },
  {
    label: "server memory",
    value: ({ server }) => server.rssBytes,
    unit: "bytes",
    write: megabytes,
    isMoreBetter: false,
  },
  {
    label: "fleet CPU, of a core",
    value: ({ client }) => client.cores * 100,
    unit: "percent",
    write: percent,
  },
  { label: "fleet memory", value: ({ client }) => client.rssBytes, unit: "bytes", write: megabytes },
];

/** What a report tells of these phases: of a plugin's measures those that have a label. */
export function figuresOf(phases: readonly PhaseSummary[]): readonly Figure[] {
  return [...FIGURES, ...pluginFigures(phases)];
}

/** The measures of plugins among them; NaN in a phase that hasn't one. One that no phase has is no row. */
export function pluginFigures(phases: readonly PhaseSummary[]): Figure[] {
  const measures = Object.assign({}, ...phases.map(({ measures }) => measures)) as NonNullable<
    PhaseSummary["measures"]
  >;
  const isSeen = (name: string) => phases.some(({ measures }) => (measures?.[name]?.value ?? null) !== null);
  return Object.entries(measures).flatMap(([name, { label, unit, isMoreBetter }]): Figure[] =>
    label === undefined || !isSeen(name) ? [] : [{
      label,
      value: (phase) => phase.measures?.[name]?.value ?? NaN,
      unit,
      write: (value) => Number.isNaN(value) ? "-" : valueText(value, unit),
      ...(isMoreBetter === undefined ? {} : { isMoreBetter }),
    }]
  );
}
