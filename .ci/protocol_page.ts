/** What `docs/protocol.md` takes from the declarations: tables of fields, sizes, opcodes, results and close codes. */
import { CLOSE_CODES, RESULTS } from "../core/wire/codes.ts";
import type { Frame } from "../core/wire/schema.ts";

/** The page with its tables as they are declared; a frame without a section gets one, which wants prose and an example. */
export function protocolPage(page: string, frames: Readonly<Record<string, Frame>>): string {
  const codes = Object.entries({ result: RESULTS, code: CLOSE_CODES });
  let text = page;
  for (const [head, table] of codes) {
    const last = head === "code" ? "when" : "meaning";
    const rows = Object.entries(table).map(([name, [code, meaning]]) => [`${code}`, `\`${name}\``, meaning]);
    const old = new RegExp(`^\\| ${head} +\\| name .*\\n(?:\\|.*\\n)+`, "m");
    text = text.replace(old, () => markdown([[head, "name", last], ...rows]));
  }
  for (const [name, frame] of Object.entries(frames)) {
    const section = new RegExp(`^### \`${name}\` [^]*?(?=^##)`, "m");
    if (section.test(text)) text = text.replace(section, (old) => renewed(old, name, frame));
    else text = text.replace(/^## Version 0$/m, (next) => `${frameSection(name, frame)}\n${next}`);
  }
  return text;
}

/** The section of one kind of frame, as far as its declaration goes. */
export function frameSection(name: string, frame: Frame): string {
  return [heading(name, frame), `${sender(frame, "")} ${size(frame)}\n`, ...fieldTable(frame)].join("\n");
}

function renewed(section: string, name: string, frame: Frame): string {
  return section
    .replace(/^###.*$/m, heading(name, frame).trimEnd())
    .replace(
      /^From the \w+(, \w+)?\. \d+(?: to \d+)? bytes\./m,
      (_, when = "") => `${sender(frame, when)} ${size(frame)}`,
    )
    .replace(/^\| at .*\n(?:\|.*\n)+/m, () => fieldTable(frame).join(""));
}

function heading(name: string, { opcode }: Frame): string {
  return `### \`${name}\` 0x${opcode.toString(16).padStart(4, "0")}\n`;
}

function sender({ from }: Frame, when: string): string {
  return `From the ${from}${when}.`;
}

function size({ bytes: [least, most] }: Frame): string {
  return `${least === most ? least : `${least} to ${most}`} bytes.`;
}

/** One table, or none for a frame that is only a header. */
function fieldTable({ fields, at }: Frame): string[] {
  const rows = Object.entries(fields).map(([name, { type }]) => [`${at[name]}`, type, `\`${name}\``]);
  return rows.length === 0 ? [] : [markdown([["at", "type", "field"], ...rows])];
}

/** A table in Markdown as the formatter leaves it. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |\n`;
  const [head, ...body] = rows.map(line);
  return [head, line(widths.map((width) => "-".repeat(width))), ...body].join("");
}
