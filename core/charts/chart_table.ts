import type { ChartSpec, LineSpec, WarningSpec } from "./chart.ts";
import type { Declared, PluginChart, PluginLine } from "./declared.ts";

/** What core shows by itself. */
export interface CoreCharts {
  readonly charts: readonly ChartSpec[];
  readonly warnings: readonly WarningSpec[];
}

type OpenChart = ChartSpec & { readonly lines: LineSpec[] };

/**
 * Every chart and warning there is: core's, with what plugins have declared in its place. A line whose metric no process
 * has is left out by whoever shows it, and so is a chart without lines: a plugin that isn't loaded costs nothing.
 */
export class ChartTable {
  readonly charts: readonly ChartSpec[];
  /** All lines of all charts, in the order in which points hold their values. */
  readonly lines: readonly LineSpec[];
  readonly warnings: readonly WarningSpec[];
  readonly #firstLine = new Map<string, number>();

  constructor(core: CoreCharts, declared: readonly Declared[] = []) {
    const charts = core.charts.map((chart): OpenChart => ({ ...chart, lines: [...chart.lines] }));
    placeCharts(charts, declared.flatMap((plugin) => plugin.charts));
    this.charts = charts;
    this.lines = charts.flatMap(({ lines }) => lines);
    this.warnings = withWarnings(core.warnings, declared);
    let first = 0;
    for (const { id, lines } of charts) {
      this.#firstLine.set(id, first);
      first += lines.length;
    }
  }

  chart(id: string): ChartSpec | undefined {
    return this.charts.find((chart) => chart.id === id);
  }

  /** Where in `lines` a chart's line stands, -1 if there is none. */
  indexOf(id: string, label: string): number {
    const at = this.chart(id)?.lines.findIndex((line) => line.label === label) ?? -1;
    return at < 0 ? -1 : this.#firstLine.get(id)! + at;
  }
}

/** Puts each where it wants to stand. What it wants to stand beside may be another plugin's, so nothing hangs on the order. */
function placeCharts(charts: OpenChart[], declared: readonly PluginChart[]): void {
  const pending = declared.flatMap((chart) => chart.lines.map((line) => ({ chart, line })));
  for (let isLast = false; pending.length > 0;) {
    const left = pending.splice(0);
    for (const entry of left) if (!place(charts, entry.chart, entry.line, isLast)) pending.push(entry);
    if (isLast) return;
    isLast = pending.length === left.length;
  }
}

/** @param isLast nothing that is missed will come any more: it goes to the end */
function place(charts: OpenChart[], wanted: PluginChart, wantedLine: PluginLine, isLast: boolean): boolean {
  const { lines: _lines, after, id, title = id, unit = "count", ...looks } = wanted;
  let chart = charts.find((other) => other.id === id);
  if (chart === undefined) {
    // One without a title adds to a chart that may still come.
    if (wanted.title === undefined && !isLast) return false;
    const at = after === undefined ? charts.length - 1 : charts.findIndex((other) => other.id === after);
    if (at < 0 && !isLast) return false;
    chart = { id, title, unit, ...looks, lines: [] };
    charts.splice(at < 0 ? charts.length : at + 1, 0, chart);
  }
  const { before, ...line } = wantedLine;
  // Two servers of one plugin may both have declared it.
  if (chart.lines.some(({ label }) => label === line.label)) return true;
  const at = before === undefined
    ? chart.lines.length
    : chart.lines.findIndex(({ label }) => label === before);
  if (at < 0 && !isLast) return false;
  chart.lines.splice(at < 0 ? chart.lines.length : at, 0, line);
  return true;
}

function withWarnings(core: readonly WarningSpec[], declared: readonly Declared[]): WarningSpec[] {
  const warnings = [...core];
  for (const { warnings: more } of declared) {
    for (const { id, role, metrics, text = id } of more) {
      const at = warnings.findIndex((other) => other.id === id);
      if (at < 0) warnings.push({ id, role, metrics, text });
      else warnings[at] = { ...warnings[at], metrics: [...new Set([...warnings[at].metrics, ...metrics])] };
    }
  }
  return warnings;
}
