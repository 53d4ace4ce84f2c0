/** How one chart looks: axes, colours, and the marks that all charts share. */
import type uPlotType from "uplot";
import type { MarkKind } from "../../timeline/marks.ts";
import type { LineLook } from "../../timeline/line_looks.ts";
import { writeTick } from "../../timeline/unit_text.ts";
import type { ShownChart } from "../../view/page_state.ts";
import { clockTime } from "./words.ts";
import { setTimeRange, timeline } from "./time_range.ts";

/** Its script stands in front of the page's own. */
export const uPlot = (globalThis as unknown as { uPlot: typeof uPlotType }).uPlot;

export const CHART_HEIGHT = 190;
/** About what a letter of an axis is wide. */
const LETTER = 6.3;

const markColors: Record<"light" | "dark", Record<MarkKind, string>> = {
  light: { phase: "#6e40c9", event: "#57606a", action: "#1f6feb", trouble: "#c8102e" },
  dark: { phase: "#b392f0", event: "#9aa4af", action: "#58a6ff", trouble: "#ff7b72" },
};

const theme = () => document.documentElement.dataset.theme as "light" | "dark";
const cssValue = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The colour of a line on the present ground. */
export const lineColor = ({ color }: LineLook): string => color[theme()];

/** What uPlot is told of a chart with these lines. */
export function chartOptions(
  chart: ShownChart,
  lines: readonly { readonly label: string; readonly look: LineLook }[],
  width: number,
  onCursor: (at: number | null | undefined) => void,
): uPlotType.Options {
  return {
    width,
    height: CHART_HEIGHT,
    legend: { show: false },
    padding: [14, 18, 0, 0],
    cursor: {
      sync: { key: "redpkt" },
      drag: { x: true, y: false },
      points: { size: 6 },
      // A click without a drag is no zoom.
      bind: { dblclick: () => () => (setTimeRange({ kind: "follow", seconds: 300 }), null) },
    },
    scales: {
      x: { time: true },
      y: chart.isLog
        ? { distr: 3, range: (_u, min, max) => logRange(min, max) }
        : { range: (_u, min, max) => [Math.min(0, min ?? 0), max > 0 ? max * 1.08 : 1] },
    },
    axes: chartAxes(chart),
    series: [
      {},
      ...lines.map(({ label, look }) => ({
        label,
        stroke: lineColor(look),
        width: 1.5,
        dash: [...look.dash],
        ...(lines.length === 1 ? { fill: `${lineColor(look)}22` } : {}),
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: {
      draw: [drawChartMarks],
      setSelect: [(u) => {
        if (u.select.width < 4) return;
        const from = u.posToVal(u.select.left, "x");
        const to = u.posToVal(u.select.left + u.select.width, "x");
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        setTimeRange({ kind: "fixed", from, to });
      }],
      setCursor: [(u) => onCursor(u.cursor.idx)],
    },
  };
}

function chartAxes(chart: ShownChart): uPlotType.Axis[] {
  const axis = {
    stroke: cssValue("--muted"),
    grid: { stroke: cssValue("--grid"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return [
    {
      ...axis,
      size: 26,
      space: 78,
      values: (_u, splits) => splits.map(clockTime).map((text) => text.replace(/:00$/, "")),
    },
    {
      ...axis,
      // As wide as its longest text.
      size: (_u, values) => 16 + LETTER * Math.max(4, ...(values ?? []).map((text) => text.length)),
      space: 34,
      values: (_u, splits) => splits.map((value) => value === null ? "" : writeTick(value, chart.unit)),
      // Whole powers of ten are enough to read a logarithmic axis by.
      ...(chart.isLog
        ? {
          filter: (_u: uPlotType, splits: number[]) => splits,
          splits: (_u: uPlotType, _axis: number, min: number, max: number) => decades(min, max),
        }
        : {}),
    },
  ];
}

function decades(min: number, max: number): number[] {
  const splits: number[] = [];
  for (let value = min; value <= max * 1.01; value *= 10) splits.push(value);
  return splits;
}

function logRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null || max <= 0) return [1, 1000];
  const low = 10 ** Math.floor(Math.log10(Math.max(1, min)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(10, max)));
  return [low, high === low ? low * 10 : high];
}

function drawChartMarks(u: uPlotType): void {
  const { ctx, bbox } = u;
  const { min = 0, max = 0 } = u.scales.x;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.lineWidth = ratio;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.font = `600 ${10 * ratio}px system-ui, sans-serif`;
  let freeFrom = 0;
  for (const { atMs, kind, text } of timeline.data.marks) {
    const seconds = atMs / 1000;
    if (seconds < min || seconds > max) continue;
    const x = Math.round(u.valToPos(seconds, "x", true)) + 0.5;
    ctx.strokeStyle = ctx.fillStyle = markColors[theme()][kind];
    ctx.setLineDash(kind === "phase" ? [] : [3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    // Names of what was meant to happen, where they don't run into each other; the list of events has them all.
    if (kind !== "phase" && kind !== "action") continue;
    const name = text.length > 26 ? `${text.slice(0, 25)}…` : text;
    const width = ctx.measureText(name).width;
    if (x < freeFrom || x + width > bbox.left + bbox.width + 18 * ratio) continue;
    ctx.fillText(name, x, bbox.top - 4 * ratio);
    freeFrom = x + width + 8 * ratio;
  }
  ctx.restore();
}
