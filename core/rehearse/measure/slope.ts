/** More points than this are first taken together, a median of each few: the pairs grow with their square. */
const MAX_POINTS = 240;

/** A value at a time, in the units of whoever asks. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/**
 * How fast something grows, after Theil and Sen: the median of the slopes between all pairs of points. A third of the
 * points may be anything, and it still says what the others do. NaN for fewer than two.
 */
export function robustSlope(points: readonly Point[]): number {
  const few = thinned(points);
  const slopes: number[] = [];
  for (let i = 0; i < few.length; i++) {
    for (let j = i + 1; j < few.length; j++) {
      const run = few[j].at - few[i].at;
      if (run > 0) slopes.push((few[j].value - few[i].value) / run);
    }
  }
  return median(slopes);
}

function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= MAX_POINTS) return points;
  return Array.from({ length: MAX_POINTS }, (_, i) => {
    const cut = (k: number) => Math.floor(points.length * k / MAX_POINTS);
    const some = points.slice(cut(i), cut(i + 1));
    return { at: median(some.map(({ at }) => at)), value: median(some.map(({ value }) => value)) };
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
