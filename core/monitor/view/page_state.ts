import { ROLES } from "../timeline/merge.ts";
import { type Health, healthOf } from "../timeline/health.ts";
import type { ChartSpec } from "../timeline/charts.ts";
import type { Mark } from "../timeline/marks.ts";
import type { MoneyView } from "../money/money_view.ts";
import type { Point } from "../timeline/history.ts";
import type { MonitorCore } from "../collect/monitor_core.ts";
import { placeFindings, type PlaceRow, placesOf } from "../collect/places.ts";
import type { Target } from "../collect/target.ts";

/** One row of the table of targets. Short names: 600 of them travel every second. */
export interface TargetRow {
  readonly name: string;
  readonly url: string;
  readonly cluster: string;
  readonly city: string;
  readonly role: string;
  readonly state: string;
  readonly why: string;
  /** Connections it has, in all and by SET or worker. */
  readonly connections: number | null;
  readonly sets: readonly number[];
  /** Frames or shakes that it answered in the last second. */
  readonly answered: number | null;
  readonly p99Us: number | null;
  /** Per cent of a core. */
  readonly cpu: number | null;
  readonly rss: number | null;
  readonly loopMs: number | null;
  readonly lateS: number;
  readonly missing: number;
  readonly restarts: number;
  readonly second: number | null;
}

/** SETs of a target that are told one by one; of more, neighbours are added up. */
const MOST_SETS = 32;

/** A chart as the page shows it: its lines by their labels. */
export type ShownChart = Omit<ChartSpec, "lines"> & { readonly lines: readonly string[] };

/** What the page gets when it comes: the charts, and the seconds so far as columns. */
export interface PageHistory {
  readonly charts: readonly ShownChart[];
  readonly seconds: number[];
  /** By line, in the order of the charts; null for one that nobody ever told of. */
  readonly columns: ((number | null)[] | null)[];
  /** By second: how many targets told of it, of how many. */
  readonly reporting: (readonly [reporting: number, expected: number])[];
  readonly marks: Mark[];
  readonly targets: readonly TargetRow[];
  places: readonly PlaceRow[];
  clientHosts: readonly (readonly [host: string, connections: number])[];
  health: Health;
  readonly money: MoneyView | null;
}

/** What the page gets each second. */
export interface PageSecond {
  readonly point: Point;
  readonly targets: readonly TargetRow[];
  readonly places: readonly PlaceRow[];
  readonly clientHosts: readonly (readonly [host: string, connections: number])[];
  readonly health: Health;
}

/** By role, sums since the start, growth in the last second, and gauges. */
export type AllCounters = Readonly<
  Record<string, {
    readonly totals: Readonly<Record<string, number>>;
    readonly deltas: Readonly<Record<string, number>>;
    readonly gauges: Readonly<Record<string, number>>;
  }>
>;

export function pageHistory(core: MonitorCore, money: MoneyView | null, lastS: number): PageHistory {
  const { points } = core.history;
  const from = (points.at(-1)?.second ?? 0) - lastS;
  const shown = points.filter(({ second }) => second > from);
  return {
    charts: core.table.charts.map(({ lines, ...chart }) => ({
      ...chart,
      lines: lines.map(({ label }) => label),
    })),
    seconds: shown.map(({ second }) => second),
    columns: core.table.lines.map((_, i) => column(shown, i)),
    reporting: shown.map(({ reporting, expected }) => [reporting, expected] as const),
    marks: [...core.marks.all],
    targets: targetRows(core),
    places: placesOf(core.targets),
    clientHosts: clientHosts(core),
    health: health(core),
    money,
  };
}

/** How users fare in the second that was shown last. */
export function health(core: MonitorCore): Health {
  return core.lastShown === undefined
    ? { level: "good", texts: [] }
    : healthOf(core.lastShown.merged, core.table.warnings, placeFindings(core.targets));
}

/** Client hosts that are shown one by one. */
const MOST_HOSTS = 60;

/** Connections to all servers by client host, those with most first; `others` is the last. */
export function clientHosts(core: MonitorCore): [host: string, connections: number][] {
  const hosts = Object.entries(core.lastShown?.merged.roles.server?.clientHosts ?? {});
  const named = hosts.filter(([host]) => host !== OTHERS).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const rest = [...named.splice(MOST_HOSTS), ...hosts.filter(([host]) => host === OTHERS)];
  const others = rest.reduce((sum, [, connections]) => sum + connections, 0);
  return others === 0 ? named : [...named, [OTHERS, others]];
}

const OTHERS = "others";

/** Every target as a row. */
export function targetRows(core: MonitorCore): TargetRow[] {
  return core.targets.map(targetRow);
}

/** Every counter and gauge by role, for whoever looks for one that has no chart. */
export function allCounters(core: MonitorCore): AllCounters {
  const roles = core.lastShown?.merged.roles ?? {};
  return Object.fromEntries(
    ROLES.map((role) => [role, {
      totals: core.totals(role),
      deltas: roles[role]?.deltas ?? {},
      gauges: roles[role]?.gauges ?? {},
    }]),
  );
}

function targetRow({ spec, state, why, last, missing, restarts, late }: Target): TargetRow {
  return {
    name: spec.name,
    url: spec.url,
    cluster: spec.cluster ?? "",
    city: spec.city ?? "",
    role: last?.role ?? "",
    state,
    why,
    connections: last?.connections ?? null,
    sets: fewer(last?.sets ?? []),
    answered: last?.answered ?? null,
    p99Us: last?.p99Us ?? null,
    cpu: last === undefined ? null : Math.round(last.cpuMs / 10),
    rss: last?.rssBytes ?? null,
    loopMs: last?.loopDelayMs ?? null,
    lateS: late,
    missing,
    restarts,
    second: last?.second ?? null,
  };
}

function fewer(sets: readonly number[]): readonly number[] {
  if (sets.length <= MOST_SETS) return sets;
  const each = Math.ceil(sets.length / MOST_SETS);
  return Array.from(
    { length: Math.ceil(sets.length / each) },
    (_, i) => sets.slice(i * each, (i + 1) * each).reduce((sum, n) => sum + n, 0),
  );
}

/** A line's values; one that nobody ever told of is null as a whole. */
function column(points: readonly Point[], line: number): (number | null)[] | null {
  const values = points.map((point) => point.values[line]);
  return values.every((value) => value === null) ? null : values;
}
