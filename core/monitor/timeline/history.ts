import { LINES } from "./chart_table.ts";
import { lineValue } from "./charts.ts";
import type { ShownSecond } from "./timeline.ts";

/** One second as the charts show it. */
export interface Point {
  readonly second: number;
  /** By line, in the order of `LINES`. */
  readonly values: readonly (number | null)[];
  readonly reporting: number;
  readonly expected: number;
}

/** Seconds that are kept: 4 hours. */
const MOST_POINTS = 14_400;

/** The lines that hold sums since the start. */
const TOTALS: readonly number[] = LINES.flatMap(({ source }, i) => source.kind === "total" ? [i] : []);

interface Kept {
  readonly point: Point & { values: (number | null)[] };
  /** By how much the lines of `TOTALS` grew in it. */
  readonly grown: readonly (number | null)[];
}

/** The points of the latest hours, in order of time. */
export class History {
  readonly #kept: Kept[] = [];
  readonly #points: Point[] = [];
  /** Values of `TOTALS` in the latest second that is kept no more. */
  #before: (number | null)[] = TOTALS.map(() => null);

  get points(): readonly Point[] {
    return this.#points;
  }

  get last(): Point | undefined {
    return this.#points.at(-1);
  }

  /** Adds a second, or replaces it by its amended form. */
  put({ merged, reporting, expected }: ShownSecond): Point {
    const values = LINES.map((line) => rounded(lineValue(line, merged)));
    const point = { second: merged.second, values, reporting, expected };
    const kept: Kept = { point, grown: TOTALS.map((i) => values[i]) };
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
      this.#before = TOTALS.map((i) => values[i]);
    }
    return point;
  }

  /** Sums of this second and of all later ones. */
  #addUpFrom(first: number): void {
    for (let at = first; at < this.#kept.length; at++) {
      const { point, grown } = this.#kept[at];
      TOTALS.forEach((line, i) => {
        const before = at === 0 ? this.#before[i] : this.#kept[at - 1].point.values[line];
        const growth = grown[i];
        point.values[line] = growth === null ? before : rounded((before ?? 0) + growth);
      });
    }
  }
}

/** Three decimals are more than any chart shows, and keep what travels short. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}
