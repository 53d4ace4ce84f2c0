/** Round numbers from 0 to at least `most`, about so many. */
export function niceTicks(most: number, about: number): number[] {
  const rough = most / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => round(i * step));
}

/** Powers of ten from at most `least` to at least `most`; two at least. */
export function decades(least: number, most: number): number[] {
  const from = Math.floor(Math.log10(least));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  return Array.from({ length: to - from + 1 }, (_, i) => round(10 ** (from + i)));
}

function round(value: number): number {
  return Number(value.toPrecision(12));
}
