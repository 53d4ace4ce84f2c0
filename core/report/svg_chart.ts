import type { Unit } from "../monitor/timeline/charts.ts";
import { type LineLook, looksOf, MEANINGS, OTHERS } from "../monitor/timeline/line_looks.ts";
import { write, writeTick } from "../monitor/timeline/unit_text.ts";
import { decades, niceTicks } from "./ticks.ts";

/** One line of a chart: as many values as there are seconds; null where nothing is known. */
export interface SvgLine {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** What its label means unless told otherwise. */
  readonly look?: LineLook;
}

/** A moment that is marked on the time axis. */
export interface SvgMark {
  /** Seconds since the chart's beginning. */
  readonly atS: number;
  readonly text: string;
}

export interface SvgChart {
  readonly title: string;
  readonly unit: Unit;
  readonly lines: readonly SvgLine[];
  readonly marks: readonly SvgMark[];
  readonly isLog?: boolean;
  /** What stands below the plot instead of the time. */
  readonly xLabels?: readonly { readonly at: number; readonly text: string }[];
}

const WIDTH = 720;
const PLOT = { left: 84, top: 58, width: 598, height: 190 };
const LEGEND_Y = 34;
/** About what a letter of the legend is wide. */
const LETTER = 6.7;

/**
 * Colours that follow the reader's choice of light or dark; the picture brings them along, so that it looks right in a
 * page, in a README and on its own.
 */
const STYLE = `
.bg{fill:#fff}.ink{fill:#1c2128}.muted{fill:#656d76}.grid{stroke:#e3e6ea}.mark{stroke:#8250df}.marktext{fill:#6e40c9}
${lineStyles("light")}
@media (prefers-color-scheme:dark){.bg{fill:#171c23}.ink{fill:#e6eaef}.muted{fill:#8d96a0}.grid{stroke:#2a323c}
.mark{stroke:#b392f0}.marktext{fill:#b392f0}${lineStyles("dark")}}`;

/** A class for each colour of a line. */
function lineStyles(ground: "light" | "dark"): string {
  const meanings = Object.keys(MEANINGS).map((label) => looksOf([label])[0]);
  const others = looksOf(OTHERS.map((_, i) => `line ${i}`));
  return [...meanings, ...others].map(({ name, color }) =>
    `.${name}{stroke:${color[ground]};fill:${color[ground]}}`
  ).join("");
}

/** Draws a chart over time as an SVG picture, made of text alone. */
export function svgChart(chart: SvgChart): string {
  const legend = legendOf(chart);
  const shift = legend.rows * 16 - 16;
  const height = PLOT.top + PLOT.height + 30 + shift;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" ` +
    `aria-label="${
      escapeXml(chart.title)
    }" font-family="system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif">`,
    `<style>${STYLE.replaceAll("\n", "")}</style>`,
    `<rect class="bg" width="${WIDTH}" height="${height}" rx="8"/>`,
    `<text class="ink" x="16" y="20" font-size="13" font-weight="600">${escapeXml(chart.title)}</text>`,
    legend.svg,
    `<g transform="translate(0 ${shift})">`,
    ...plot(chart),
    "</g></svg>",
  ];
  return parts.join("\n");
}

function legendOf({ lines, unit }: SvgChart): { svg: string; rows: number } {
  let [x, row] = [16, 0];
  const looks = looksIn(lines);
  const parts = lines.map(({ label, values }, i) => {
    const text = `${label} ${summary(values, unit)}`;
    const width = 28 + text.length * LETTER;
    if (x > 16 && x + width > WIDTH - 10) [x, row] = [16, row + 1];
    const y = LEGEND_Y + row * 16;
    const part =
      `<path class="${looks[i].name}" d="M${x} ${y + 2.5}h16" stroke-width="3"${dashes(looks[i])}/>` +
      `<text class="muted" x="${x + 20}" y="${y + 6}" font-size="11">${escapeXml(text)}</text>`;
    x += width;
    return part;
  });
  return { svg: parts.join(""), rows: row + 1 };
}

function looksIn(lines: readonly SvgLine[]): LineLook[] {
  const own = looksOf(lines.map(({ label }) => label));
  return lines.map(({ look }, i) => look ?? own[i]);
}

function dashes({ dash }: LineLook): string {
  return dash.length === 0 ? "" : ` stroke-dasharray="${dash.join(" ")}"`;
}

/** The highest value says most: it is what a machine had to bear. */
function summary(values: readonly (number | null)[], unit: Unit): string {
  const most = Math.max(...values.map((value) => value ?? -Infinity));
  return most === -Infinity ? "" : `max ${write(most, unit)}`;
}

function plot(chart: SvgChart): string[] {
  const { lines, marks, unit, isLog, xLabels } = chart;
  const looks = looksIn(lines);
  const seconds = Math.max(1, ...lines.map(({ values }) => values.length - 1));
  const all = lines.flatMap(({ values }) => values.filter((value) => value !== null));
  const most = Math.max(1e-9, ...all);
  const positive = all.filter((value) => value > 0);
  const ticks = isLog ? decades(positive.length === 0 ? 1 : Math.min(...positive), most) : niceTicks(most, 5);
  const [low, high] = [ticks[0], ticks.at(-1)!];
  const x = (atS: number) => PLOT.left + PLOT.width * atS / seconds;
  function y(value: number): number {
    const part = isLog
      ? (Math.log10(Math.max(value, low)) - Math.log10(low)) / (Math.log10(high) - Math.log10(low))
      : value / high;
    return PLOT.top + PLOT.height * (1 - part);
  }
  const bottom = PLOT.top + PLOT.height;
  return [
    ...ticks.map((tick) =>
      `<line class="grid" x1="${PLOT.left}" x2="${PLOT.left + PLOT.width}" y1="${fixed(y(tick))}" y2="${
        fixed(y(tick))
      }"/>` +
      `<text class="muted" x="${PLOT.left - 8}" y="${fixed(y(tick) + 4)}" font-size="11" text-anchor="end">${
        writeTick(tick, unit)
      }</text>`
    ),
    ...(xLabels ?? timeLabels(seconds)).map(({ at, text }) =>
      `<text class="muted" x="${fixed(x(at))}" y="${
        bottom + 18
      }" font-size="11" text-anchor="middle">${text}</text>`
    ),
    ...marksOf(marks.filter(({ atS }) => atS >= 0 && atS <= seconds), x),
    ...lines.map(({ values }, i) =>
      `<path class="${looks[i].name}"${dashes(looks[i])} d="${
        path(values, x, y)
      }" style="fill:none" stroke-width="1.5" stroke-linejoin="round"/>`
    ),
  ];
}

/** Marks as lines with names beside them: to the left where the picture ends, lower where another name stands. */
function marksOf(marks: readonly SvgMark[], x: (atS: number) => number): string[] {
  const takenTo = [0, 0, 0];
  return marks.toSorted((a, b) => a.atS - b.atS).map(({ atS, text }) => {
    const at = x(atS);
    const width = text.length * LETTER;
    const isLeft = at + width > WIDTH;
    const start = isLeft ? at - 4 - width : at + 4;
    const free = takenTo.findIndex((to) => to <= start);
    const row = free < 0 ? 0 : free;
    takenTo[row] = start + width;
    return `<line class="mark" x1="${fixed(at)}" x2="${fixed(at)}" y1="${PLOT.top - 4}" y2="${
      PLOT.top + PLOT.height
    }" stroke-dasharray="3 3"/><text class="marktext" x="${fixed(isLeft ? at - 4 : at + 4)}" y="${
      PLOT.top + 8 + 12 * row
    }" font-size="10" text-anchor="${isLeft ? "end" : "start"}">${escapeXml(text)}</text>`;
  });
}

function timeLabels(seconds: number): { at: number; text: string }[] {
  return niceTicks(seconds, 8).filter((at) => at <= seconds && Number.isInteger(at)).map((at) => ({
    at,
    text: clock(at),
  }));
}

/** One stroke for each run of known values: a gap stays a gap. */
function path(
  values: readonly (number | null)[],
  x: (atS: number) => number,
  y: (value: number) => number,
): string {
  let text = "";
  let isDown = false;
  values.forEach((value, atS) => {
    if (value === null) {
      isDown = false;
      return;
    }
    text += `${isDown ? "L" : "M"}${fixed(x(atS))} ${fixed(y(value))}`;
    isDown = true;
  });
  return text;
}

function clock(seconds: number): string {
  return seconds < 120
    ? `${seconds} s`
    : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Text inside XML and HTML. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
