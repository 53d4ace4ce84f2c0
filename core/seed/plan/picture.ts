import { formatCount } from "../../base/units.ts";
import { Curve } from "./curve.ts";
import { Layout } from "./layout.ts";
import type { Plan } from "./plan_schema.ts";

const WIDTH = 1000;
const HEIGHT = 420;
const FRAME = { left: 70, right: 190, top: 46, bottom: 56 } as const;
/** Between two waves, which lie side by side however far apart they are in time. */
const GAP = 10;
/** Points of a wave's outline. */
const STEPS = 60;
/** Sponsors with a colour of their own; the others share the last one. */
const COLOURS = [
  "#c8102e",
  "#1f6feb",
  "#2da44e",
  "#d4a72c",
  "#8250df",
  "#d9480f",
  "#0b7285",
  "#bf3989",
  "#57606a",
  "#5c940d",
  "#364fc7",
] as const;
const OTHERS = "#b1bac4";

/** One coloured layer: sponsors that are shown together. */
interface Layer {
  readonly label: string;
  readonly colour: string;
  /** Tickets by wave. */
  readonly tickets: readonly number[];
}

/** A picture of a plan: how many tickets a second are released over time, by sponsor. SVG. */
export function drawPlan(plan: Plan): string {
  const layout = new Layout(plan);
  const layers = layersOf(plan, layout);
  const peakPerS = Math.max(...plan.waves.map((_, wave) => layout.peakPerS(wave)));
  const topPerS = niceAbove(peakPerS);
  const inner = WIDTH - FRAME.left - FRAME.right - GAP * (plan.waves.length - 1);
  const seconds = plan.waves.reduce((sum, { lengthS }) => sum + lengthS, 0);
  const parts: string[] = [];
  let x = FRAME.left;
  plan.waves.forEach((wave, i) => {
    const width = inner * wave.lengthS / seconds;
    const start = new Date(wave.start).toISOString().slice(11, 19);
    parts.push(...drawWave(plan, layers, i, x, width, topPerS));
    const middle = (x + width / 2).toFixed(1);
    parts.push(
      `<text x="${middle}" y="${HEIGHT - FRAME.bottom + 18}" text-anchor="middle">${
        escape(wave.name)
      }</text>`,
      `<text x="${middle}" y="${HEIGHT - FRAME.bottom + 34}" text-anchor="middle" class="dim">` +
        `${start} UTC, ${formatCount(wave.lengthS)} s</text>`,
    );
    x += width + GAP;
  });
  const title =
    `${plan.name}: ${formatCount(layout.tickets)} tickets on ${formatCount(layout.hosts.length)} ` +
    `${layout.hosts.length === 1 ? "host" : "hosts"}, up to ${formatCount(peakPerS)} a second`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" ` +
    `font-size="12">\n<style>.dim{fill:#57606a}</style>\n` +
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>\n` +
    `<text x="${FRAME.left}" y="26" font-size="16">${escape(title)}</text>\n` +
    `${[...axis(topPerS), ...parts, ...legend(layers)].join("\n")}\n</svg>\n`;
}

function layersOf(plan: Plan, layout: Layout): Layer[] {
  const all = plan.sponsors.map(({ name }, sponsor) => ({
    name,
    tickets: plan.waves.map((_, wave) => layout.plannedIn(wave, sponsor)),
  }));
  const size = (tickets: readonly number[]) => tickets.reduce((sum, count) => sum + count, 0);
  all.sort((a, b) => size(b.tickets) - size(a.tickets));
  const own = all.length <= COLOURS.length ? all : all.slice(0, COLOURS.length - 1);
  const layers = own.map(({ name, tickets }, i) => ({ label: name, colour: COLOURS[i] as string, tickets }));
  const others = all.slice(own.length);
  if (others.length > 0) {
    const tickets = plan.waves.map((_, wave) => others.reduce((sum, { tickets }) => sum + tickets[wave], 0));
    layers.push({ label: `${others.length} others`, colour: OTHERS, tickets });
  }
  return layers;
}

/** A wave's layers, one on the other. */
function drawWave(
  plan: Plan,
  layers: readonly Layer[],
  wave: number,
  x: number,
  width: number,
  topPerS: number,
): string[] {
  const { curve: spec, lengthS } = plan.waves[wave];
  const curve = new Curve(spec);
  // The rate at a point is what is released in a moment around it.
  const shape = Array.from({ length: STEPS + 1 }, (_, i) => {
    const from = Math.max(0, (i - 0.5) / STEPS);
    const to = Math.min(1, (i + 0.5) / STEPS);
    return (curve.shareAt(to) - curve.shareAt(from)) / (to - from);
  });
  const y = (perS: number) =>
    (HEIGHT - FRAME.bottom - perS / topPerS * (HEIGHT - FRAME.top - FRAME.bottom)).toFixed(1);
  const at = (i: number) => (x + width * i / STEPS).toFixed(1);
  let below = 0;
  return layers.flatMap(({ tickets, colour }) => {
    const perS = tickets[wave] / lengthS;
    if (perS === 0) return [];
    const lower = shape.map((rate, i) => `${at(i)},${y(rate * below)}`).reverse();
    below += perS;
    const upper = shape.map((rate, i) => `${at(i)},${y(rate * below)}`);
    return [`<polygon points="${[...upper, ...lower].join(" ")}" fill="${colour}"/>`];
  });
}

function axis(topPerS: number): string[] {
  return [0, 0.25, 0.5, 0.75, 1].flatMap((share) => {
    const y = (HEIGHT - FRAME.bottom - share * (HEIGHT - FRAME.top - FRAME.bottom)).toFixed(1);
    return [
      `<line x1="${FRAME.left}" x2="${WIDTH - FRAME.right}" y1="${y}" y2="${y}" stroke="#d0d7de"/>`,
      `<text x="${FRAME.left - 8}" y="${y}" dy="4" text-anchor="end" class="dim">${
        rate(share * topPerS)
      }/s</text>`,
    ];
  });
}

function legend(layers: readonly Layer[]): string[] {
  return [...layers].reverse().flatMap(({ label, colour }, i) => {
    const y = FRAME.top + i * 20;
    const x = WIDTH - FRAME.right + 16;
    const short = label.length > 22 ? `${label.slice(0, 21)}…` : label;
    return [
      `<rect x="${x}" y="${y}" width="12" height="12" fill="${colour}"/>`,
      `<text x="${x + 18}" y="${y + 10}">${escape(short)}</text>`,
    ];
  });
}

/** The next round number, a few times a power of ten. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 3, 4, 6, 8, 10].find((step) => step * power >= value)!;
}

function rate(perS: number): string {
  return perS >= 10 || Number.isInteger(perS) ? formatCount(perS) : perS.toPrecision(2);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
