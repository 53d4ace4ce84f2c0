import type { ChartSpec } from "../timeline/charts.ts";
import { placesOf } from "../collect/places.ts";
import { allCounters, clientHosts, health, type TargetRow, targetRows } from "../view/page_state.ts";
import { moneyLine } from "../../charts/money_line.ts";
import type { MoneyView } from "../money/money_view.ts";
import type { MonitorCore } from "../collect/monitor_core.ts";
import { beside, chart, fit, type Line, span, spark, type Tone, widthOf } from "./lines.ts";
import { write } from "../timeline/unit_text.ts";
import { meaningOf } from "../timeline/line_looks.ts";
import { moneyOf } from "../timeline/money_sums.ts";
import { moneyLineIn, moneyLines } from "./money_lines.ts";
import { SORT_KEYS, type View, VIEWS, type ViewState } from "./view_state.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What is shown. */
export interface Shown {
  readonly core: MonitorCore;
  readonly pageUrl?: string | undefined;
  readonly money?: MoneyView | undefined;
}

/** The whole screen: exactly so many lines of exactly so many columns, whatever there is to show. */
export function screen({ core, pageUrl, money }: Shown, state: ViewState, { columns, rows }: Size): Line[] {
  const feet = foot(state, pageUrl, columns);
  const bodyRows = Math.max(0, rows - 1 - feet.length);
  const size = { columns, rows: bodyRows };
  const body = state.view === "money"
    ? moneyLines(money, columns, state.filter)
    : BODIES[state.view](core, state, size);
  // Whoever scrolls past the end sees the end.
  const top = Math.min(state.top, Math.max(0, body.length - bodyRows));
  const shown = body.slice(top, top + bodyRows);
  while (shown.length < bodyRows) shown.push([]);
  return [head(core, state, columns), ...shown, ...feet].slice(0, rows).map((line) => fit(line, columns));
}

const BODIES: Record<Exclude<View, "money">, (core: MonitorCore, state: ViewState, size: Size) => Line[]> = {
  overview,
  targets,
  charts,
  counters,
  events,
};

function head(core: MonitorCore, state: ViewState, columns: number): Line {
  const counts = new Map<string, number>();
  for (const { state } of core.targets) counts.set(state, (counts.get(state) ?? 0) + 1);
  const second = core.history.last?.second;
  const time = second === undefined ? "--:--:--" : new Date(second * 1000).toISOString().slice(11, 19);
  const parts: Line = [...counts].flatMap(([name, count]) => [span(` ${count} ${name}`, stateTone(name))]);
  const late = core.lastShown === undefined ? 0 : core.lastShown.expected - core.lastShown.reporting;
  const status = [
    span(time, "strong"),
    ...(state.isPaused ? [span(" held", "warn")] : []),
    ...(parts.length === 0 ? [span(" no targets", "warn")] : parts),
    ...(late > 0 ? [span(` ${late} late`, "warn")] : []),
    span("  "),
  ];
  const views = (name: (view: View) => string) =>
    VIEWS.map((view, i) => span(` ${i + 1}${name(view)} `, view === state.view ? "inverse" : "muted"));
  const whole = [...status, ...views((view) => ` ${view}`)];
  if (widthOf(whole) <= columns) return whole;
  return [...status, ...views((view) => view === state.view ? ` ${view}` : "")];
}

/** The keys, and where the page is. The address is never cut: its end is the token that whoever acts there needs. */
function foot(
  { isTyping, filter, view, sort, isReversed }: ViewState,
  pageUrl: string | undefined,
  columns: number,
): Line[] {
  if (isTyping) {
    return [[span("filter: ", "strong"), span(`${filter}_`), span("  return keeps, esc drops", "muted")]];
  }
  const sorted = `${SORT_KEYS[sort]}${isReversed ? ", down" : ""}`;
  const keys = view === "targets" ? `s sort (${sorted})  r reverse  ` : "";
  const filtered = filter === "" ? "/ filter" : `/ filter (${filter})`;
  const line: Line = [span(`q quit  space hold  1-6 view  ${keys}${filtered}  up down scroll`, "muted")];
  if (pageUrl === undefined) return [line];
  const whole: Line = [...line, span(`  page ${pageUrl}`, "muted")];
  if (widthOf(whole) <= columns) return [whole];
  const pieces = Array.from(
    { length: Math.ceil(pageUrl.length / columns) },
    (_, i): Line => [span(pageUrl.slice(i * columns, (i + 1) * columns), "muted")],
  );
  return [line, ...pieces];
}

/** A line's values by chart and label; undefined where nobody has told of it. */
function valuesOf(core: MonitorCore, id: string, label: string): (number | null)[] | undefined {
  const line = core.table.indexOf(id, label);
  if (line < 0) return undefined;
  const values = core.history.points.map((point) => point.values[line]);
  return values.some((value) => value !== null) ? values : undefined;
}

/** What stands in the first lines of the overview: the first label that has values is taken. */
const TILES: readonly (readonly [title: string, chart: string, labels: readonly string[], tone: Tone])[] = [
  ["due", "rate", ["due (fleet)"], "due"],
  ["sent", "rate", ["sent (fleet)"], "sent"],
  ["answered", "rate", ["answered (fleet)", "frames answered (servers)"], "answered"],
  ["won", "packets", ["won (fleet)", "won (servers)"], "won"],
  ["not sent", "results", ["not sent"], "not sent"],
  ["lost", "results", ["lost"], "lost"],
  ["p50", "latency", ["p50"], "latency"],
  ["p99", "latency", ["p99"], "latency"],
  ["p99.9", "latency", ["p99.9"], "latency"],
  ["open", "connections", ["open (servers)", "connected (fleet)"], "plain"],
  ["in pool", "pool", ["in the pool"], "plain"],
  ["won in all", "money", ["won (servers)", "won (fleet)"], "plain"],
  ["books behind", "books", ["behind"], "plain"],
  ["show", "show", ["document"], "plain"],
  ["holding", "show", ["holding"], "lost"],
  ["level", "level", ["level"], "plain"],
  ["server CPU", "cpu", ["servers"], "plain"],
  ["loop delay", "loop", ["servers"], "plain"],
];
const TILE_WIDTH = 24;

function overview(core: MonitorCore, _state: ViewState, { columns, rows }: Size): Line[] {
  const tiles = TILES.flatMap(([title, id, labels, tone]): Line[] => {
    const values = labels.map((label) => valuesOf(core, id, label)).find((found) => found !== undefined);
    if (values === undefined) return [];
    const { unit, isSparse } = core.table.chart(id)!;
    if (isSparse === true && !values.at(-1)) return [];
    return [[span(title.padEnd(12), "muted"), span(write(values.at(-1) ?? null, unit), tone)]];
  });
  if (tiles.length === 0) return [[span("Nothing has been heard yet.", "warn")], ...troubles(core)];
  const across = Math.max(1, Math.floor((columns + 2) / TILE_WIDTH));
  const tileRows: Line[] = [];
  for (let i = 0; i < tiles.length; i += across) {
    tileRows.push(...beside(tiles.slice(i, i + across).map((tile) => [tile]), TILE_WIDTH - 2));
  }
  const recent = troubles(core).slice(0, rows > 18 ? 3 : 1);
  const money = core.lastShown === undefined ? undefined : moneyOf(core.lastShown.merged);
  const ills = [
    ...(money === undefined ? [] : moneyLineIn(money, columns)),
    ...healthLines(core, money === undefined ? "" : moneyLine(money)),
  ];
  const free = rows - ills.length - tileRows.length - recent.length - 1;
  return [...ills, ...tileRows, [], ...chartGrid(core, columns, free), ...recent];
}

/** Charts of the overview, the weightiest first: as many as fit. */
const GRID: readonly (readonly [id: string, labels: readonly string[], title: string, tone: Tone])[] = [
  ["rate", ["answered (fleet)", "frames answered (servers)"], "answered", "answered"],
  ["latency", ["p99"], "latency p99", "latency"],
  ["packets", ["won (servers)", "won (fleet)"], "won", "won"],
  ["connections", ["open (servers)", "connected (fleet)"], "connections", "plain"],
  ["cpu", ["servers"], "server CPU", "plain"],
  ["netPackets", ["loopback"], "loopback packets", "plain"],
];

/** Higher charts show no more. */
const MOST_CHART_ROWS = 14;

function chartGrid(core: MonitorCore, columns: number, rows: number): Line[] {
  const across = columns >= 160 ? 3 : columns >= 70 ? 2 : 1;
  const present = GRID.flatMap(([id, labels, title, tone]) => {
    const values = labels.map((label) => valuesOf(core, id, label)).find((found) => found !== undefined);
    return values === undefined ? [] : [{ values, title, tone, unit: core.table.chart(id)!.unit }];
  });
  const down = Math.max(1, Math.min(Math.ceil(present.length / across), Math.floor(rows / 5)));
  const height = Math.min(MOST_CHART_ROWS, Math.floor(rows / down));
  if (height < 3) return [];
  const width = Math.floor((columns - 2 * (across - 1)) / across);
  const lines: Line[] = [];
  for (let i = 0; i < down * across && i < present.length; i += across) {
    const row = present.slice(i, i + across).map(({ title, values, unit, tone }) =>
      chart(title, values, unit, { width, height: height - 1, tone })
    );
    lines.push(...beside(row, width), []);
  }
  return lines;
}

/** What is wrong with how users are served, if anything is, but for what stands there anyway. */
function healthLines(core: MonitorCore, told: string): Line[] {
  if (core.lastShown === undefined) return [];
  const { level, texts } = health(core);
  return texts.filter((text) => text !== told).map((text) => [span(text, level === "bad" ? "bad" : "warn")]);
}

function troubles(core: MonitorCore): Line[] {
  return core.marks.all.slice(-5).reverse().map(({ atMs, kind, text }) => [
    span(`${new Date(atMs).toISOString().slice(11, 19)} `, "muted"),
    span(text, kind === "trouble" ? "bad" : kind === "phase" ? "other" : "plain"),
  ]);
}

/** Columns of the table of targets; those to the right go first when the terminal is narrow. */
const TARGET_COLUMNS: readonly (readonly [title: string, width: number, cell: (row: TargetRow) => string])[] =
  [
    ["connections", 12, ({ connections }) => write(connections, "count")],
    ["answered", 11, ({ answered }) => write(answered, "perSecond")],
    ["p99", 9, ({ p99Us }) => write(p99Us, "us")],
    ["CPU", 6, ({ cpu }) => write(cpu, "percent")],
    ["memory", 9, ({ rss }) => write(rss, "bytes")],
    ["missing", 8, ({ missing }) => String(missing)],
    ["restarts", 9, ({ restarts }) => String(restarts)],
    ["by SET", 34, ({ sets }) => spark(sets, Math.min(32, sets.length))],
  ];

function targets(core: MonitorCore, { filter, sort, isReversed }: ViewState, { columns }: Size): Line[] {
  const nameWidth = Math.max(8, Math.min(24, columns - 22));
  let left = columns - nameWidth - 14;
  const shown = TARGET_COLUMNS.filter(([, width]) => (left -= width) >= 0);
  const key = SORT_KEYS[sort];
  const rows = targetRows(core)
    .filter((row) =>
      `${row.name} ${row.role} ${row.state} ${row.cluster} ${row.city}`.toLowerCase().includes(
        filter.toLowerCase(),
      )
    )
    .sort((a, b) => compare(a[key], b[key]) * (isReversed ? -1 : 1) || compare(a.name, b.name));
  const title: Line = [
    span("target".padEnd(nameWidth) + " state        ", "muted"),
    ...shown.map(([name, width]) => span(name.padStart(width), "muted")),
  ];
  return [
    ...clusterLines(core),
    title,
    ...rows.map((row): Line => [
      ...fit([span(row.name)], nameWidth),
      span(` ${row.state.padEnd(13)}`, stateTone(row.state)),
      ...(row.why === "" || row.state === "live"
        ? shown.map(([, width, cell]) => span(cell(row).padStart(width)))
        : [span(row.why, "muted")]),
    ]),
    ...hostLines(core, nameWidth, filter),
  ];
}

/** Every city and cluster: its hosts, its users, and what is lost of it. */
function clusterLines({ targets }: MonitorCore): Line[] {
  const places = placesOf(targets);
  if (places.length === 0) return [];
  const title = "place".padEnd(24) + "hosts".padStart(12) + "connections".padStart(13) +
    "answered".padStart(11) +
    "worst p99".padStart(11);
  return [
    [span(title, "muted")],
    ...places.map(({ kind, name, city, hosts, lost, ended, connections, answered, p99Us }): Line => {
      const up = hosts - lost - ended;
      const tone = lost === hosts ? "bad" : lost > 0 ? "warn" : "plain";
      const where = kind === "city" || city === "" ? name : `  ${name} (${city})`;
      return [
        ...fit([span(where, kind === "city" ? "strong" : "plain")], 24),
        span(`${up} of ${hosts}`.padStart(12), tone),
        span(write(connections, "count").padStart(13)),
        span(write(answered, "perSecond").padStart(11)),
        span(write(p99Us, "us").padStart(11)),
        ...(lost > 0 ? [span(`  ${lost} lost`, tone)] : []),
      ];
    }),
    [],
  ];
}

/** Who is connected to the servers, by client host. */
function hostLines(core: MonitorCore, nameWidth: number, filter: string): Line[] {
  const hosts = clientHosts(core).filter(([host]) => host.includes(filter));
  if (hosts.length === 0) return [];
  return [
    [],
    [...fit([span("client host", "muted")], nameWidth), span(" connections to all servers", "muted")],
    ...hosts.map(([host, connections]): Line => [
      ...fit([span(host)], nameWidth),
      span(write(connections, "count").padStart(12)),
    ]),
  ];
}

function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1;
}

function charts(core: MonitorCore, { filter }: ViewState, { columns }: Size): Line[] {
  const lines: Line[] = [];
  const wanted = ({ title }: ChartSpec) => title.toLowerCase().includes(filter.toLowerCase());
  for (const spec of core.table.charts.filter(wanted)) {
    const rows = spec.lines.flatMap(({ label }): Line[] => {
      const values = valuesOf(core, spec.id, label);
      const isQuiet = spec.isSparse === true && values?.every((value) => !value);
      if (values === undefined || isQuiet) return [];
      const labelWidth = Math.min(26, Math.max(8, columns - 30));
      const width = Math.max(0, columns - labelWidth - 15);
      return [[
        ...fit([span(`  ${label}`)], labelWidth),
        span(write(values.at(-1) ?? null, spec.unit).padStart(12) + "  ", "strong"),
        span(spark(values, width), toneOf(label)),
      ]];
    });
    if (rows.length > 0) lines.push([span(spec.title, "strong")], ...rows);
  }
  return lines.length === 0 ? [[span("Nothing to show yet.", "muted")]] : lines;
}

/** The tone of what a line means, where it has one. */
function toneOf(label: string): Tone {
  const meaning = meaningOf(label);
  if (meaning === undefined) return "plain";
  return meaning === "refused" ? "other" : meaning.startsWith("p") ? "latency" : meaning as Tone;
}

function counters(core: MonitorCore, { filter }: ViewState, { columns }: Size): Line[] {
  const roles = allCounters(core) as Record<string, Record<string, Record<string, number>>>;
  const nameWidth = Math.max(10, Math.min(44, columns - 32));
  return Object.entries(roles).flatMap(([role, { totals, deltas, gauges }]) =>
    [
      ...Object.entries(totals).map(([name, total]) => [name, total, deltas[name] ?? 0] as const),
      ...Object.entries(gauges).map(([name, value]) => [name, value, undefined] as const),
    ].filter(([name]) => `${role} ${name}`.toLowerCase().includes(filter.toLowerCase())).map((
      [name, total, delta],
    ): Line => [
      ...fit([span(`${role} `, "muted"), span(name, total === 0 ? "muted" : "plain")], nameWidth),
      span(write(total, "count").padStart(14)),
      span(
        delta === undefined ? "" : write(delta, "perSecond").padStart(14),
        delta === 0 ? "muted" : "plain",
      ),
    ])
  );
}

function events(core: MonitorCore, { filter }: ViewState): Line[] {
  const lines = core.marks.all.filter(({ text }) => text.toLowerCase().includes(filter.toLowerCase())).map(
    ({ atMs, kind, text, who }): Line => [
      span(`${new Date(atMs).toISOString().slice(11, 19)} `, "muted"),
      span(kind.padEnd(8), kind === "trouble" ? "bad" : kind === "phase" ? "other" : "plain"),
      span(text),
      span(who === undefined ? "" : `  ${who}`, "muted"),
    ],
  );
  return lines.length === 0 ? [[span("No events yet.", "muted")]] : lines.reverse();
}

function stateTone(state: string): Tone {
  if (state === "live") return "good";
  return state === "ended" ? "muted" : state === "connecting" || state === "silent" ? "warn" : "bad";
}
