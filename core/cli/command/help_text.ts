import type { CommandForm } from "./command.ts";
import { defaultOf, type Flag, type Flags } from "../flags.ts";
import type { Host, Program } from "../host.ts";
import { EVERYWHERE } from "./everywhere.ts";

/** Lines are no longer than this, however wide a terminal is: longer ones are hard to read. */
const MOST_COLUMNS = 100;
/** What stands left of an explanation; what is longer has a line of its own. */
const LEFT_COLUMNS = 26;
const HELP_ROW = ["--help", "this text"] as const;

/** A heading, and what stands under it: a name and what it means. */
export type HelpGroup = readonly [heading: string, rows: readonly (readonly [string, string])[]];

/** What a command's help says, before it is laid out. */
export interface HelpContent {
  readonly usage: string;
  readonly about: string;
  readonly groups: readonly HelpGroup[];
  readonly examples: CommandForm["examples"];
}

/** What the help of a command says; manual pages and docs/cli.md say the same. */
export function helpContent(program: Program, form: CommandForm): HelpContent {
  const { name, takes, words, flags, actions, examples } = form;
  const groups: HelpGroup[] = [];
  const rowsOfActions = [
    ...Object.entries(words ?? {}),
    ...Object.values(actions ?? {}).map((action) =>
      [
        `${action.name.slice(name.length + 1)} ${action.takes ?? ""}`.trim(),
        aboutOf(program, action).split("\n")[0],
      ] as const
    ),
  ];
  if (rowsOfActions.length > 0) groups.push(["Actions", rowsOfActions]);
  groups.push(...groupsOf(flags));
  groups.push(["Everywhere", [...rowsOf(Object.entries(EVERYWHERE)), HELP_ROW]]);
  const behind = takes ?? (actions === undefined ? "" : "[ACTION]");
  return {
    usage: `redpkt ${[name, behind].join(" ").trim()} [FLAGS]`,
    about: aboutOf(program, form),
    groups,
    examples,
  };
}

/** The help text of a command, for the host's terminal. */
export function helpText(host: Pick<Host, "columns" | "program">, form: CommandForm): string {
  return laidOut(helpContent(host.program, form), Math.min(host.columns, MOST_COLUMNS));
}

/** The help text of a program that is no subcommand, such as a bench. */
export function toolHelp(usage: string, about: string, flags: Flags): string {
  const groups = [...groupsOf(flags), ["Everywhere", [HELP_ROW]] as const];
  return laidOut({ usage, about, groups, examples: [] }, MOST_COLUMNS);
}

function laidOut({ usage, about, groups, examples }: HelpContent, width: number): string {
  const shown = groups.map(([heading, rows]) =>
    `${heading}:\n${rows.map(([left, right]) => row(left, right, width)).join("")}`
  );
  if (examples.length > 0) {
    const lines = examples.map(({ line, shows }) => `  ${line}\n${wrap(shows, width - 6, "      ")}`);
    shown.push(`Examples:\n${lines.join("")}`);
  }
  return `${paragraphs(about, width)}\n\nUsage: ${usage}\n\n${shown.join("\n")}`;
}

function aboutOf(program: Program, { about }: CommandForm): string {
  return typeof about === "string" ? about : about(program);
}

function groupsOf(flags: Flags): HelpGroup[] {
  const byGroup = Map.groupBy(Object.entries(flags), ([, { group }]) => group ?? "Flags");
  return [...byGroup].map(([heading, entries]) => [heading, rowsOf(entries)] as const);
}

function rowsOf(flags: readonly (readonly [name: string, flag: Flag<unknown>])[]): HelpGroup[1] {
  return flags.map(([name, flag]) => [flagUse(name, flag), flagMeaning(flag)] as const);
}

function flagUse(name: string, { value }: Flag<unknown>): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function flagMeaning(flag: Flag<unknown>): string {
  const fallback = defaultOf(flag);
  return fallback === undefined || fallback === "" ? flag.help : `${flag.help} [${fallback}]`;
}

function row(left: string, right: string, width: number): string {
  const indent = " ".repeat(LEFT_COLUMNS + 4);
  const text = wrap(right, width - indent.length, indent);
  return left.length <= LEFT_COLUMNS
    ? `  ${left.padEnd(LEFT_COLUMNS)}  ${text.slice(indent.length)}`
    : `  ${left}\n${text}`;
}

/** Lines of a text that are set already stay as they are; long ones are wrapped. */
function paragraphs(text: string, width: number): string {
  return text.split("\n").map((line) => line.length <= width ? line : wrap(line, width, "").trimEnd()).join(
    "\n",
  );
}

/** Breaks a text into lines of at most `width` characters between the words. */
function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `${indent}${each}\n`).join("");
}
