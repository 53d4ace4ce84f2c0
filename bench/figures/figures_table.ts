import { formatCount } from "../../core/base/units.ts";
import type { FiguresFile } from "./figures_file.ts";

const BEGIN = "<!-- figures: written by `deno task bench:figures` out of docs/figures.json -->";
const END = "<!-- end of figures -->";

/** What is quoted, as Markdown: on which machine, then a row a figure. */
export function figuresTable({ commit, isQuick, machine, figures, refused }: FiguresFile): string {
  const { processor, cores, kernel, runtime, load1, memoryNs } = machine;
  const memory = memoryNs?.["64"] === undefined
    ? ""
    : `, a random read within 64 MiB ${Math.round(memoryNs["64"])} ns`;
  const noise = load1 > cores / 2
    ? ` **Under noise**: other work had a load of ${load1.toFixed(1)} on it.`
    : "";
  const length = isQuick ? " A quick run, of fewer and shorter windows." : "";
  const rows = figures.map(({ what, unit, least, median, most, runs, command }) => [
    what,
    valueText(median, unit),
    runs === 1 ? "one run" : `${valueText(least, unit)} to ${valueText(most, unit)}, ${runs} runs`,
    `\`${command}\``,
  ]);
  return [
    `${processor}, ${cores} cores that are shared, ${kernel}, ${runtime}${memory}; server and fleet both on it, ` +
    `\`--priority normal\`, commit \`${commit}\`.${noise}${length}`,
    "",
    ...[["what", "median", "least to most", "command"], ["---", "---", "---", "---"], ...rows].map((cells) =>
      `| ${cells.join(" | ")} |`
    ),
    ...refused.flatMap(({ command, why }) => ["", `\`${command}\` gave no figure: ${why}.`]),
  ].join("\n");
}

/** A document with the table between its marks. */
export function withTable(text: string, table: string): string {
  const [before, after] = parts(text);
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}

/** What stands between a document's marks, whatever the formatter made of spaces and lines. */
export function tableIn(text: string): string {
  const [before, after] = parts(text);
  return plain(text.slice(before.length + BEGIN.length, text.length - after.length - END.length));
}

/** A table without what a formatter may change. */
export function plain(table: string): string {
  return table.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim();
}

function parts(text: string): [before: string, after: string] {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the document has no place for figures: ${BEGIN} ... ${END}`);
  return [text.slice(0, begin), text.slice(end + END.length)];
}

function valueText(value: number, unit: string): string {
  if (unit === "a second") return `${formatCount(value)}/s`;
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}
