import type { Unit } from "../timeline/charts.ts";
import { write } from "../timeline/unit_text.ts";

/** Colours by what they mean; a terminal without colour shows the same words. */
export type Tone =
  | "plain"
  | "muted"
  | "strong"
  | "good"
  | "warn"
  | "bad"
  | "due"
  | "sent"
  | "answered"
  | "won"
  | "lost"
  | "not sent"
  | "latency"
  | "other"
  | "inverse";

/** A piece of a line in one tone. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

export type Line = readonly Span[];

/** A span; `plain` unless said otherwise. */
export function span(text: string, tone: Tone = "plain"): Span {
  return { text, tone };
}

/** How many columns a line takes. */
export function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + text.length, 0);
}

/** Cuts or fills a line to a width. Everything shown is one column wide a character. */
export function fit(line: Line, width: number): Line {
  const fitted: Span[] = [];
  let left = width;
  for (const { text, tone } of line) {
    if (left <= 0) break;
    const cut = text.length > left ? (left > 1 ? `${text.slice(0, left - 1)}…` : text.slice(0, left)) : text;
    fitted.push({ text: cut, tone });
    left -= cut.length;
  }
  if (left > 0) fitted.push(span(" ".repeat(left)));
  return fitted;
}

/** Lines beside each other, each fitted to its width. */
export function beside(columns: readonly (readonly Line[])[], width: number, gap = 2): Line[] {
  const height = Math.max(0, ...columns.map((lines) => lines.length));
  return Array.from({ length: height }, (_, row) =>
    columns.flatMap((lines, i) => [
      ...(i > 0 ? [span(" ".repeat(gap))] : []),
      ...fit(lines[row] ?? [], width),
    ]));
}

const BLOCKS = " ▁▂▃▄▅▆▇█";

/** The values of the latest columns as one row of blocks, against their highest; gaps stay empty. */
export function spark(values: readonly (number | null)[], width: number): string {
  const shown = values.slice(-width);
  const most = Math.max(0, ...shown.map((value) => value ?? 0));
  const row = shown.map((value) => {
    if (value === null) return " ";
    if (most === 0) return "▁";
    return BLOCKS[1 + Math.min(7, Math.floor(7 * value / most))];
  }).join("");
  return row.padStart(width);
}

/** A chart of so many columns and rows: a title, and below it the values as columns of blocks with their scale. */
export function chart(
  title: string,
  values: readonly (number | null)[],
  unit: Unit,
  { width, height, tone }: { width: number; height: number; tone: Tone },
): Line[] {
  const label = Math.min(11, Math.max(0, width - 8));
  const columns = Math.max(1, width - label - 1);
  const shown = values.slice(-columns);
  const most = Math.max(0, ...shown.map((value) => value ?? 0));
  const rows = Math.max(1, height - 1);
  const last = values.at(-1) ?? null;
  const lines: Line[] = [[span(`${title} `, "strong"), span(write(last, unit), tone)]];
  for (let row = rows - 1; row >= 0; row--) {
    const scale = row === rows - 1 ? write(most, unit) : row === 0 ? "0" : "";
    const cells = shown.map((value) => cell(value, most, rows, row)).join("").padStart(columns);
    lines.push([span(`${scale.slice(0, label).padStart(label)} `, "muted"), span(cells, tone)]);
  }
  return lines;
}

function cell(value: number | null, most: number, rows: number, row: number): string {
  if (value === null || most <= 0) return row === 0 && value !== null ? BLOCKS[1] : " ";
  const eighths = Math.round(8 * rows * value / most) - 8 * row;
  // Something is never drawn as nothing.
  if (row === 0 && eighths <= 0) return value > 0 ? BLOCKS[1] : " ";
  return BLOCKS[Math.max(0, Math.min(8, eighths))];
}
