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

/** The points of the latest hours, in order of time. */
export class History {
  readonly #points: Point[] = [];

  get points(): readonly Point[] {
    return this.#points;
  }

  get last(): Point | undefined {
    return this.#points.at(-1);
  }

  /** Adds a second, or replaces it by its amended form. */
  put({ merged, reporting, expected }: ShownSecond): Point {
    const point: Point = {
      second: merged.second,
      values: LINES.map((line) => rounded(lineValue(line, merged))),
      reporting,
      expected,
    };
    let at = this.#points.length;
    // Amended seconds are among the last few.
    while (at > 0 && this.#points[at - 1].second > point.second) at--;
    const isSame = at > 0 && this.#points[at - 1].second === point.second;
    if (isSame) this.#points[at - 1] = point;
    else this.#points.splice(at, 0, point);
    if (this.#points.length > MOST_POINTS) this.#points.shift();
    return point;
  }
}

/** Three decimals are more than any chart shows, and keep what travels short. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}
