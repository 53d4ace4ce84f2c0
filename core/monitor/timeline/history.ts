import type { ChartTable } from "../../charts/chart_table.ts";
import { lineValue } from "./charts.ts";
import type { ShownSecond } from "./timeline.ts";

/** One second as the charts show it. */
export interface Point {
  readonly second: number;
  /** By line, in the order of the table of charts. */
  readonly values: readonly (number | null)[];
  readonly reporting: number;
  readonly expected: number;
}

/** Seconds that are kept: 4 hours. */
const MOST_POINTS = 14_400;

interface Kept {
  readonly point: Point & { values: (number | null)[] };
  /** By how much the lines with sums grew in it. */
  readonly grown: readonly (number | null)[];
}

/** The points of the latest hours, in order of time. */
export class History {
  readonly #kept: Kept[] = [];
  readonly #points: Point[] = [];
  #table: ChartTable;
  /** The lines that hold sums since the start. */
  #totals: readonly number[];
  /** Their values in the latest second that is kept no more. */
  #before: (number | null)[];

  constructor(table: ChartTable) {
    this.#table = table;
    this.#totals = totalsOf(table);
    this.#before = this.#totals.map(() => null);
  }

  get points(): readonly Point[] {
    return this.#points;
  }

  get last(): Point | undefined {
    return this.#points.at(-1);
  }

  /** Shows other lines from now on: those that there were keep their past, and nobody has told of new ones before. */
  use(table: ChartTable): void {
    const places = table.charts.flatMap(({ id, lines }) =>
      lines.map(({ label }) => this.#table.indexOf(id, label))
    );
    const totals = totalsOf(table);
    const olds = totals.map((line) => this.#totals.indexOf(places[line]));
    const from = <T>(list: readonly (T | null)[], at: readonly number[]) => at.map((i) => list[i] ?? null);
    this.#kept.forEach(({ point, grown }, i) => {
      const moved = { ...point, values: from(point.values, places) };
      this.#kept[i] = { point: moved, grown: from(grown, olds) };
      this.#points[i] = moved;
    });
    this.#before = from(this.#before, olds);
    this.#table = table;
    this.#totals = totals;
  }

  /** Adds a second, or replaces it by its amended form. */
  put({ merged, reporting, expected }: ShownSecond): Point {
    const values = this.#table.lines.map((line) => rounded(lineValue(line, merged)));
    const point = { second: merged.second, values, reporting, expected };
    const kept: Kept = { point, grown: this.#totals.map((i) => values[i]) };
    let at = this.#points.length;
    // Amended seconds are among the last few.
    while (at > 0 && this.#points[at - 1].second > point.second) at--;
    const isSame = at > 0 && this.#points[at - 1].second === point.second;
    if (isSame) at--;
    this.#points.splice(at, isSame ? 1 : 0, point);
    this.#kept.splice(at, isSame ? 1 : 0, kept);
    this.#addUpFrom(at);
    if (this.#points.length > MOST_POINTS) {
      this.#points.shift();
      const { values } = this.#kept.shift()!.point;
      this.#before = this.#totals.map((i) => values[i]);
    }
    return point;
  }

  /** Sums of this second and of all later ones. */
  #addUpFrom(first: number): void {
    for (let at = first; at < this.#kept.length; at++) {
      const { point, grown } = this.#kept[at];
      this.#totals.forEach((line, i) => {
        const before = at === 0 ? this.#before[i] : this.#kept[at - 1].point.values[line];
        const growth = grown[i];
        point.values[line] = growth === null ? before : rounded((before ?? 0) + growth);
      });
    }
  }
}

function totalsOf({ lines }: ChartTable): number[] {
  return lines.flatMap(({ source }, i) => source.kind === "total" ? [i] : []);
}

/** Three decimals are more than any chart shows, and keep what travels short. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}
