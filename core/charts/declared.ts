import { z } from "zod";
import type { ChartSpec, LineSpec, WarningSpec } from "./chart.ts";

/** A plugin's line: on a chart of its own, or on one that core or another plugin has. */
export interface PluginLine extends LineSpec {
  /** The label of the line that it stands before; after all others, if absent or if there is no such line. */
  readonly before?: string;
}

/**
 * A chart that a plugin declares. With the id of a chart that there is, its lines are added to that one, which keeps its
 * title and unit.
 */
export interface PluginChart extends Omit<ChartSpec, "title" | "unit" | "lines"> {
  readonly title?: string;
  readonly unit?: ChartSpec["unit"];
  readonly lines: readonly PluginLine[];
  /** The id of the chart that a new one stands after; behind all others, if absent or if there is no such chart. */
  readonly after?: string;
}

/** A plugin's warning; with the id of one that there is, its metrics are added to that one. */
export type PluginWarning = Omit<WarningSpec, "text"> & { readonly text?: string };

/** What a plugin wants to be seen of it. */
export interface Declared {
  readonly plugin: string;
  readonly charts: readonly PluginChart[];
  readonly warnings: readonly PluginWarning[];
}

/** Of `GET /charts`; it grows when a field goes or changes its meaning, not when one is added. */
export const CHARTS_VERSION = 1;

// What another process says may be anything: everything has a bound.
const text = z.string().min(1).max(200);
const metrics = z.array(text).min(1).max(50);
const role = z.enum(["server", "client", "gateway"]);
const source = z.union([
  z.object({ kind: z.enum(["delta", "gauge", "total", "highest"]), role, metrics }),
  z.object({ kind: z.literal("worst"), role, metric: text }),
  z.object({ kind: z.literal("percentile"), role, metric: text, percent: z.number().min(0).max(100) }),
  z.object({
    kind: z.literal("usage"),
    role,
    value: z.enum(["cpuMs", "cpuSystemMs", "rssBytes", "heapUsedBytes", "loopDelayMs"]),
  }),
  z.object({
    kind: z.enum(["network", "loopback"]),
    value: z.enum(["rxBytes", "rxPackets", "txBytes", "txPackets"]),
  }),
]);
const line = z.object({
  label: text,
  source,
  scale: z.number().exactOptional(),
  before: text.exactOptional(),
});

/** The charts of one plugin. */
export const pluginCharts = z.array(z.object({
  id: z.string().regex(/^[a-zA-Z][a-zA-Z0-9]*$/, "must be a name of letters and digits").max(50),
  title: text.exactOptional(),
  unit: z.enum(["count", "perSecond", "us", "ms", "bytes", "bytesPerSecond", "percent", "yuan"])
    .exactOptional(),
  lines: z.array(line).min(1).max(50),
  isLog: z.boolean().exactOptional(),
  isSparse: z.boolean().exactOptional(),
  after: text.exactOptional(),
})).max(50);

/** The warnings of one plugin. */
export const pluginWarnings = z.array(z.object({ id: text, role, metrics, text: text.exactOptional() })).max(
  50,
);

/** What `GET /charts` answers: what each plugin of the process adds to the charts that every monitor has. */
export const chartsSchema = z.object({
  schemaVersion: z.literal(CHARTS_VERSION),
  plugins: z.array(z.object({ plugin: text, charts: pluginCharts, warnings: pluginWarnings })).max(50),
});
