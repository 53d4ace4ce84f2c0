/** What a measure counts. */
export const MEASURE_UNITS = ["count", "percent", "ms", "s", "MB", "times", "fen", "MB/h", "ms/h"] as const;
export type MeasureUnit = typeof MEASURE_UNITS[number];

/** What one side's metrics did in a phase of a rehearsal; 0 for a counter or gauge that it hasn't. */
export interface PhaseSide {
  /** By how much a counter grew. */
  grew(counter: string): number;
  /** A gauge at the phase's end. */
  gauge(name: string): number;
  /** A percentile of what a histogram counted in the phase; NaN where it counted nothing. */
  percentile(histogram: string, percent: number): number;
}

/** What was counted in a phase of a rehearsal, by the server and by the fleet. */
export interface PhaseCounts {
  /** How long shakes were due, in seconds. */
  readonly seconds: number;
  readonly server: PhaseSide;
  readonly client: PhaseSide;
}

/** A number of each phase of a rehearsal that a threshold of a scenario can be about. */
export interface PluginMeasure {
  readonly unit: MeasureUnit;
  /** With a label it is a row of the tables of phases, on the terminal and in reports. */
  readonly label?: string;
  /** Whether more of it is better; absent where it is neither. */
  readonly isMoreBetter?: boolean;
  /** Its value in `unit`; NaN where there is none. */
  of(phase: PhaseCounts): number;
}

/** So many of a hundred; all, where there is nothing. */
export function percentOf(part: number, whole: number): number {
  return whole === 0 ? 100 : part / whole * 100;
}
