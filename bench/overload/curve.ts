import type { Step } from "./step.ts";

const [WIDTH, HEIGHT] = [720, 380];
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 150, 24, 66];
const COLOURS: Readonly<Record<string, string>> = {
  "read less": "#1a7f37",
  refuse: "#bf8700",
  nothing: "#cf222e",
};
const LABELS: Readonly<Record<string, string>> = {
  "read less": "reads less",
  refuse: "refuses only",
  nothing: "no throttle",
};

/** What was measured of one engine. */
export interface Result {
  readonly engine: string;
  readonly users: number;
  readonly cores: number | null;
  readonly peakPerS: number;
  readonly steps: readonly Step[];
}

/** One engine's curves are drawn through, the next one's dashed. */
const DASHES = ["", "6 4", "2 3"];
const LABEL_HEIGHT = 14;

/** One curve: a way of shedding on one engine. */
interface Curve {
  readonly mode: string;
  readonly label: string;
  readonly dash: string;
  /** Offered and good, as parts of the engine's best. */
  readonly points: readonly (readonly [factor: number, part: number])[];
}

/** The curves of goodput over the rate that was offered, both as multiples of the server's best, as SVG. */
export function goodputCurve(results: readonly Result[]): string {
  const curves = results.flatMap((result, i) =>
    curvesOf(result, DASHES[i % DASHES.length], results.length > 1)
  );
  const mostFactor = Math.max(...curves.flatMap(({ points }) => points.map(([factor]) => factor)));
  const x = (factor: number) => LEFT + factor / mostFactor * (WIDTH - LEFT - RIGHT);
  const y = (part: number) => HEIGHT - BOTTOM - part / 1.2 * (HEIGHT - TOP - BOTTOM);
  const text = (at: number, down: number, words: string, more = "") =>
    `<text x="${at.toFixed(1)}" y="${down.toFixed(1)}" ${more}>${words}</text>`;
  const labelY = spread(curves.map(({ points }) => y(points[points.length - 1][1]) + 4), y(0) - 4);
  const drawn = curves.map(({ mode, label, dash, points }, i) => {
    const places = points.map(([factor, part]) => [x(factor), y(part)] as const);
    const line = places.map(([across, down]) => `${across.toFixed(1)},${down.toFixed(1)}`).join(" ");
    const dots = places.map(([across, down]) =>
      `<circle cx="${across.toFixed(1)}" cy="${down.toFixed(1)}" r="3.5" fill="${COLOURS[mode]}"/>`
    );
    const style = `stroke="${COLOURS[mode]}" stroke-width="2.5"${dash && ` stroke-dasharray="${dash}"`}`;
    return `<polyline points="${line}" fill="none" ${style}/>${dots.join("")}` +
      text(places[places.length - 1][0] + 10, labelY[i], label, `fill="${COLOURS[mode]}" font-weight="600"`);
  });
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].map((part) =>
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(part)}" y2="${y(part)}" stroke="#d0d7de"/>` +
    text(LEFT - 8, y(part) + 4, `${part * 100} %`, 'text-anchor="end"')
  );
  const ticks = Array.from({ length: Math.round(mostFactor) }, (_, i) => i + 1).map((factor) =>
    text(x(factor), HEIGHT - BOTTOM + 20, `${factor}`, 'text-anchor="middle"')
  );
  const bests = results.map(({ engine, peakPerS }) => `${Math.round(peakPerS)} shakes a second on ${engine}`);
  const { cores } = results[0];
  const held = cores === null ? "" : `, server held to ${cores} of a core`;
  const caption = ["offered, as a multiple of the best", `(${bests.join(", ")}${held})`];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#57606a">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...grid,
    ...ticks,
    ...drawn,
    ...caption.map((line, i) => {
      const middle = (LEFT + WIDTH - RIGHT) / 2;
      return text(middle, HEIGHT - 26 + i * LABEL_HEIGHT, line, 'text-anchor="middle"');
    }),
    text(LEFT, TOP - 8, "answered well and in time, of the best"),
    "</svg>",
    "",
  ].join("\n");
}

function curvesOf({ engine, peakPerS, steps }: Result, dash: string, isOneOfMany: boolean): Curve[] {
  return [...new Set(steps.map(({ mode }) => mode))].map((mode) => ({
    mode,
    label: (LABELS[mode] ?? mode) + (isOneOfMany ? `, ${engine}` : ""),
    dash,
    points: steps.filter((step) => step.mode === mode).sort((a, b) => a.factor - b.factor)
      .map(({ factor, goodPerS }) => [factor, Math.min(1.2, goodPerS / peakPerS)]),
  }));
}

/** Moves labels apart that would stand on one another, none below `lowest`. */
function spread(downs: readonly number[], lowest: number): number[] {
  const placed = [...downs];
  const order = downs.map((_, i) => i).sort((a, b) => downs[a] - downs[b]);
  for (let i = 1; i < order.length; i++) {
    placed[order[i]] = Math.max(placed[order[i]], placed[order[i - 1]] + LABEL_HEIGHT);
  }
  for (let i = order.length - 1; i >= 0; i--) {
    placed[order[i]] = Math.min(placed[order[i]], lowest);
    lowest = placed[order[i]] - LABEL_HEIGHT;
  }
  return placed;
}
