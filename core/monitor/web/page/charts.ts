/** The grid of charts: one uPlot a chart, with the time axis, the cursor and the marks shared by all. */
import type uPlotType from "uplot";
import type { ShownChart } from "../../view/page_state.ts";
import { type LineLook, looksOf } from "../../timeline/line_looks.ts";
import { CHART_HEIGHT, chartOptions, lineColor, uPlot } from "./chart_options.ts";
import { timeBounds, timeline } from "./time_range.ts";
import { byId, clockTime, element, format } from "./words.ts";

/** A line of a chart that has something to show, by its place in the chart. */
interface ShownLine {
  readonly label: string;
  readonly look: LineLook;
  readonly i: number;
  readonly column: readonly (number | null)[];
}

interface Card {
  readonly chart: ShownChart;
  /** The chart's first column. */
  readonly firstLine: number;
  readonly looks: readonly LineLook[];
  readonly root: HTMLElement;
  /** The time at the cursor. */
  readonly time: HTMLElement;
  readonly legend: HTMLElement;
  readonly plot: HTMLElement;
  readonly hiddenLines: Set<number>;
  isVisible: boolean;
  lines: readonly ShownLine[];
  values: readonly HTMLElement[];
  uplot: uPlotType | undefined;
}

let cards: readonly Card[] = [];
const cardOf = new WeakMap<Element, Card>();

// Only what is on the screen is drawn: an hour of seconds in every chart is too much for each frame of a zoom.
const onScreen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const card = cardOf.get(target)!;
    card.isVisible = isIntersecting;
    if (isIntersecting) drawCard(card, true);
  }
}, { rootMargin: "100px" });

/** Makes the cards of all charts, empty. */
export function startCharts(): void {
  byId("charts").replaceChildren();
  let line = 0;
  cards = timeline.data.charts.map((chart) => {
    const card = makeCard(chart, line);
    line += chart.lines.length;
    return card;
  });
  redrawCharts();
}

function makeCard(chart: ShownChart, firstLine: number): Card {
  const legend = element("ul", { class: "legend" });
  const plot = element("div", { class: "plot" });
  const time = element("time");
  const root = element(
    "section",
    { class: "card chart", "data-chart": chart.id, tabindex: "0", "aria-label": chart.title, hidden: true },
    element("h2", {}, chart.title, time),
    legend,
    plot,
  );
  byId("charts").append(root);
  const hiddenLines = new Set<number>();
  const nothing = { isVisible: false, lines: [], values: [], uplot: undefined };
  const looks = looksOf(chart.lines);
  const card: Card = { chart, firstLine, looks, root, time, legend, plot, hiddenLines, ...nothing };
  onScreen.observe(root);
  cardOf.set(root, card);
  return card;
}

function drawCard(card: Card, hasNewData: boolean): void {
  const { uplot, isVisible } = card;
  if (uplot === undefined || !isVisible || timeline.data.seconds.length === 0) return;
  const [min, max] = timeBounds();
  uplot.batch(() => {
    if (hasNewData) uplot.setData(dataOf(card), false);
    uplot.setScale("x", { min, max });
  });
  showValues(card, uplot.cursor.idx);
}

/** The lines of a card that were told of, and those that have something to show. */
function linesOf({ chart, firstLine, looks }: Card): { told: ShownLine[]; shown: ShownLine[] } {
  const told = chart.lines.flatMap((label, i) => {
    const column = timeline.data.columns[firstLine + i];
    return column?.some((value) => value !== null) ? [{ label, look: looks[i], i, column }] : [];
  });
  const moving = told.filter(({ column }) => column.some((value) => value !== null && value !== 0));
  if (moving.length === 0) return { told, shown: [] };
  return { told, shown: chart.isSparse || chart.isLog ? moving : told };
}

/** Draws everything anew: other lines, another theme, another width. */
export function redrawCharts(): void {
  const quiet: string[] = [];
  for (const card of cards) {
    const { told, shown } = linesOf(card);
    if (told.length > 0 && shown.length === 0) quiet.push(card.chart.title);
    card.root.hidden = shown.length === 0;
    build(card, shown);
  }
  const note = byId("quiet");
  note.hidden = quiet.length === 0;
  note.textContent = `All zero so far: ${quiet.join(" · ")}`;
  byId("empty").hidden = cards.some(({ root }) => !root.hidden);
  showRange();
}

function build(card: Card, shown: readonly ShownLine[]): void {
  card.uplot?.destroy();
  card.uplot = undefined;
  card.lines = shown;
  card.legend.replaceChildren();
  if (shown.length === 0) return;
  card.values = shown.map(({ label, look, i }) => {
    const value = element("b", {}, "–");
    const toggle = element(
      "button",
      {
        type: "button",
        "aria-pressed": String(!card.hiddenLines.has(i)),
        title: `Shows or hides ${label}`,
        onclick: () => toggleLine(card, i),
      },
      element("i", { style: swatch(look) }),
      `${label} `,
      value,
    );
    card.legend.append(element("li", {}, toggle));
    return value;
  });
  const width = Math.max(120, card.plot.clientWidth);
  const options = chartOptions(card.chart, shown, width, (at) => showValues(card, at));
  card.uplot = new uPlot(options, dataOf(card), card.plot);
}

/** A line's colour and strokes beside its name. */
function swatch(look: LineLook): string {
  const color = lineColor(look);
  const [stroke, gap] = look.dash;
  if (stroke === undefined) return `background:${color}`;
  const [to, end] = [Math.min(stroke, 5), Math.min(stroke, 5) + gap];
  return `background:repeating-linear-gradient(90deg,${color} 0 ${to}px,transparent ${to}px ${end}px)`;
}

const keyOf = (lines: readonly ShownLine[]) => lines.map(({ i }) => i).join();

function dataOf({ lines, firstLine, hiddenLines }: Card): uPlotType.AlignedData {
  const { seconds, columns } = timeline.data;
  const shown = lines.map(({ i }) => hiddenLines.has(i) ? seconds.map(() => null) : columns[firstLine + i]!);
  return [seconds, ...shown] as uPlotType.AlignedData;
}

function toggleLine(card: Card, i: number): void {
  if (!card.hiddenLines.delete(i)) card.hiddenLines.add(i);
  build(card, card.lines);
  showRange();
}

/** The values at the cursor, or the latest. */
function showValues({ lines, values, firstLine, chart, time }: Card, at: number | null | undefined): void {
  const { seconds, columns } = timeline.data;
  const index = at ?? seconds.length - 1;
  time.textContent = at === null || at === undefined ? "" : clockTime(seconds[index]);
  lines.forEach(({ i }, n) => {
    values[n].textContent = format(columns[firstLine + i]?.[index], chart.unit);
  });
}

function showRange(): void {
  for (const card of cards) drawCard(card, false);
}

/** Draws what has come since. */
export function updateCharts(): void {
  const isOther = cards.some((card) => keyOf(linesOf(card).shown) !== keyOf(card.lines));
  if (isOther) return redrawCharts();
  for (const card of cards) drawCard(card, true);
}

let shownWidth = 0;
new ResizeObserver(() => {
  const width = byId("charts").clientWidth;
  if (width === shownWidth) return;
  shownWidth = width;
  for (const { uplot, plot } of cards) {
    uplot?.setSize({ width: Math.max(120, plot.clientWidth), height: CHART_HEIGHT });
  }
}).observe(byId("charts"));
document.addEventListener("range", showRange);
