import { Histogram } from "../counters/histogram.ts";
import { looksOf } from "../monitor/timeline/line_looks.ts";
import { type RunData, valuesOf } from "./data/run_data.ts";
import { type SvgChart, svgChart, type SvgMark } from "./svg_chart.ts";

/** A drawn chart with the name of its file. */
export interface DrawnChart {
  readonly id: string;
  readonly title: string;
  readonly svg: string;
}

/** Every chart of a run that has something to show: all of the monitor's, and the latency by phase. */
export function drawCharts(run: RunData): DrawnChart[] {
  const { points, marks, table } = run;
  const distribution = latencyByPhase(run);
  const charts: DrawnChart[] = [];
  const firstSecond = points[0]?.second ?? 0;
  const shownMarks = marks.map(({ atMs, text }): SvgMark => ({ atS: atMs / 1000 - firstSecond, text }));
  let first = 0;
  for (const { id, title, unit, lines, isLog, isSparse } of table.charts) {
    const looks = looksOf(lines.map(({ label }) => label));
    const shown = lines.flatMap(({ label }, i) => {
      const values = valuesOf(points, first + i);
      // A logarithmic axis has no place for zero.
      const isHidden = (isSparse === true || isLog === true) && values?.every((value) => !value);
      if (values === undefined || isHidden) return [];
      return [{ label, values, look: looks[i] }];
    });
    first += lines.length;
    const isQuiet = shown.every(({ values }) => values.every((value) => !value));
    if (isQuiet) continue;
    const chart: SvgChart = { title, unit, lines: shown, marks: shownMarks, ...(isLog ? { isLog } : {}) };
    charts.push({ id, title, svg: svgChart(chart) });
    if (id === "latency" && distribution !== undefined) charts.push(distribution);
  }
  return charts;
}

/** Steps of the axis of percentiles: ten for every nine, up to 99.99 %. */
const NINES = 4;
const STEPS = 10;

/** Latency over percentiles, a line a phase: where the tail begins, and how high it goes. */
function latencyByPhase({ summary }: RunData): DrawnChart | undefined {
  const phases = (summary.phases ?? []).filter(({ latencyBuckets }) => latencyBuckets.length > 0);
  if (phases.length === 0) return undefined;
  const title = "Latency by percentile and phase";
  const lines = phases.map(({ name, latencyBuckets }) => {
    const histogram = new Histogram().add(latencyBuckets);
    const values = Array.from(
      { length: NINES * STEPS + 1 },
      (_, i) => histogram.percentile(100 * (1 - 10 ** (-i / STEPS))),
    );
    return { label: name, values };
  });
  const xLabels = [
    { at: STEPS * Math.log10(2), text: "50 %" },
    ...[90, 99, 99.9, 99.99].map((percent, i) => ({ at: (i + 1) * STEPS, text: `${percent} %` })),
  ];
  return {
    id: "percentiles",
    title,
    svg: svgChart({ title, unit: "us", lines, marks: [], isLog: true, xLabels }),
  };
}
