import type { Step } from "./step.ts";

const [WIDTH, HEIGHT] = [720, 380];
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 150, 24, 52];
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

interface Result {
  readonly engine: string;
  readonly users: number;
  readonly cores: number | null;
  readonly peakPerS: number;
  readonly steps: readonly Step[];
}

/** With more of its ticks late than this part, the fleet itself is overloaded, and a step says nothing of the server. */
const LATE_PART = 0.05;

/** The curve of goodput over the rate that was offered, both as multiples of the server's best, as SVG. */
export function goodputCurve({ engine, cores, peakPerS, steps: all }: Result): string {
  const steps = all.filter(({ lateTicksPerS, scheduledPerS }) => lateTicksPerS <= LATE_PART * scheduledPerS);
  const mostFactor = Math.max(...steps.map(({ factor }) => factor));
  const x = (factor: number) => LEFT + factor / mostFactor * (WIDTH - LEFT - RIGHT);
  const y = (part: number) => HEIGHT - BOTTOM - part / 1.2 * (HEIGHT - TOP - BOTTOM);
  const text = (at: number, down: number, words: string, more = "") =>
    `<text x="${at.toFixed(1)}" y="${down.toFixed(1)}" ${more}>${words}</text>`;
  const modes = [...new Set(steps.map(({ mode }) => mode))];
  const curves = modes.map((mode) => {
    const points = steps.filter((step) => step.mode === mode).sort((a, b) => a.factor - b.factor);
    const places = points.map(({ factor, goodPerS }) =>
      [x(factor), y(Math.min(1.2, goodPerS / peakPerS))] as const
    );
    const line = places.map(([across, down]) => `${across.toFixed(1)},${down.toFixed(1)}`).join(" ");
    const dots = places.map(([across, down]) =>
      `<circle cx="${across.toFixed(1)}" cy="${down.toFixed(1)}" r="3.5" fill="${COLOURS[mode]}"/>`
    );
    const [endX, endY] = places[places.length - 1];
    return `<polyline points="${line}" fill="none" stroke="${COLOURS[mode]}" stroke-width="2.5"/>${
      dots.join("")
    }` +
      text(endX + 10, endY + 4, LABELS[mode] ?? mode, `fill="${COLOURS[mode]}" font-weight="600"`);
  });
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].map((part) =>
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(part)}" y2="${y(part)}" stroke="#d0d7de"/>` +
    text(LEFT - 8, y(part) + 4, `${part * 100} %`, 'text-anchor="end"')
  );
  const ticks = Array.from({ length: Math.floor(mostFactor) }, (_, i) => i + 1).map((factor) =>
    text(x(factor), HEIGHT - BOTTOM + 20, `${factor}`, 'text-anchor="middle"')
  );
  const held = cores === null ? "" : `, server held to ${cores} of a core`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#57606a">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...grid,
    ...ticks,
    ...curves,
    text(
      (LEFT + WIDTH - RIGHT) / 2,
      HEIGHT - 12,
      `offered, as a multiple of the best (${Math.round(peakPerS)} shakes a second, engine ${engine}${held})`,
      'text-anchor="middle"',
    ),
    text(LEFT, TOP - 8, "answered well and in time, of the best"),
    "</svg>",
    "",
  ].join("\n");
}
