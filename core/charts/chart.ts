/** The words in which core and plugins declare what is to be seen: charts are lines, and a line says where it comes from. */

/** How the numbers of a chart are written. */
export type Unit = "count" | "perSecond" | "us" | "ms" | "bytes" | "bytesPerSecond" | "percent" | "yuan";

/** Whose metrics a line shows. */
export type Role = "server" | "client" | "gateway";

/** Where a line comes from that the processes of a role tell. */
export type RoleSource =
  /** Growth, present value, or sum since the start, which a history adds up; of several metrics, their sum. */
  | { readonly kind: "delta" | "gauge" | "total"; readonly role: Role; readonly metrics: readonly string[] }
  /** Which of several gauges is above 0, counted from 1; of several, the last; 0 for none. */
  | { readonly kind: "highest"; readonly role: Role; readonly metrics: readonly string[] }
  /** The highest that any process tells of a gauge, where a sum means nothing. */
  | { readonly kind: "worst"; readonly role: Role; readonly metric: string }
  | { readonly kind: "percentile"; readonly role: Role; readonly metric: string; readonly percent: number }
  | {
    readonly kind: "usage";
    readonly role: Role;
    readonly value: "cpuMs" | "cpuSystemMs" | "rssBytes" | "heapUsedBytes" | "loopDelayMs";
  };

/** Where a line comes from that the machines' interfaces tell. */
export interface CarriedSource {
  readonly kind: "network" | "loopback";
  readonly value: "rxBytes" | "rxPackets" | "txBytes" | "txPackets";
}

/** One line of a chart. */
export interface LineSpec {
  readonly label: string;
  readonly source: RoleSource | CarriedSource;
  /** What a value is multiplied with before it is shown. */
  readonly scale?: number;
}

/** One chart, for the page, the terminal and the report alike. */
export interface ChartSpec {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly lines: readonly LineSpec[];
  /** Values of very different size are told apart on it. */
  readonly isLog?: boolean;
  /** Lines that are zero all the time are left out. */
  readonly isSparse?: boolean;
}

/** A second whose numbers break a rule is one that the page and the terminal warn of. */
export interface WarningSpec {
  readonly id: string;
  readonly role: Role;
  /** Counters; if their sum grows in a second, there is something to warn of. */
  readonly metrics: readonly string[];
  /** What follows the growth in a second, such as `shakes a second win nothing`. */
  readonly text: string;
}

/** 1 fen in yuan, the scale of a line of money. */
export const FEN = 0.01;

/** What counters grow by in a second, summed. */
export const delta = (label: string, role: Role, ...metrics: string[]): LineSpec => ({
  label,
  source: { kind: "delta", role, metrics },
});
/** Present values, summed. */
export const gauge = (label: string, role: Role, ...metrics: string[]): LineSpec => ({
  label,
  source: { kind: "gauge", role, metrics },
});
/** The highest present value of any process. */
export const worst = (label: string, role: Role, metric: string): LineSpec => ({
  label,
  source: { kind: "worst", role, metric },
});
/** A counter since the start. */
export const total = (label: string, role: Role, metric: string, scale = 1): LineSpec => ({
  label,
  source: { kind: "total", role, metrics: [metric] },
  scale,
});
/** A line for each percentile of a histogram. */
export const percentiles = (
  role: Role,
  metric: string,
  name = "",
  of: readonly number[] = [50, 90, 99, 99.9],
): LineSpec[] =>
  of.map((percent) => ({
    label: `${name}p${percent}`,
    source: { kind: "percentile", role, metric, percent },
  }));
