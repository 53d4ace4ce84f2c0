import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { didYouMean } from "./did_you_mean.ts";
import { UserError } from "./user_error.ts";

/** One flag: what it takes and what it is for. */
export interface Flag<T> {
  /** Reads the text that was given, or `undefined`; a switch is given `true`. */
  readonly schema: z.ZodType<T>;
  readonly help: string;
  /** What stands behind the flag in the help, such as `N`; absent for a switch. */
  readonly value?: string;
  /** May be given several times; the schema reads an array then. */
  readonly isList?: boolean;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type FlagValues<F extends Flags> = { [Name in keyof F]: F[Name] extends Flag<infer T> ? T : never };

/** A flag with a value. */
export function flag<T>(value: string, help: string, schema: z.ZodType<T>): Flag<T> {
  return { schema, help, value };
}

/** A flag without a value: absent means false. */
export function switchFlag(help: string): Flag<boolean> {
  return { schema: z.boolean().default(false), help };
}

/** A flag that may be given several times. */
export function listFlag(value: string, help: string): Flag<string[]> {
  return { schema: z.array(z.string()).default([]), help, value, isList: true };
}

/** What a subcommand's command line comes to. */
export interface ParsedFlags<F extends Flags> {
  readonly values: FlagValues<F>;
  /** Arguments that are no flags. */
  readonly operands: readonly string[];
  /** `--help` was given. */
  readonly wantsHelp: boolean;
}

/** Values for flags from a config file; the command line goes before them. */
export interface FlagFile {
  /** Where they stand, for messages, such as `redpkt.json: server`. */
  readonly place: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Reads a subcommand's flags.
 *
 * @throws UserError that lists every problem, each with a hint
 */
export function parseFlags<F extends Flags>(
  args: readonly string[],
  flags: F,
  file: FlagFile = { place: "", values: {} },
): ParsedFlags<F> {
  const names = Object.keys(flags);
  const isSwitch = (name: string) => flags[name].value === undefined;
  const problems: string[] = [];
  const parsed = parseArgs([...args], {
    boolean: [...names.filter(isSwitch), "help"],
    string: ["_", ...names.filter((name) => !isSwitch(name))],
    collect: names.filter((name) => flags[name].isList),
    alias: { help: "h" },
    unknown: (given: string, key?: string) => {
      if (key === undefined) return true;
      problems.push(`${given.replace(/=.*/s, "")}: no such flag.${didYouMean(key, names, "--")}`);
      return false;
    },
  }) as Record<string, unknown> & { _: string[] };
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(file.values)) {
    if (!Object.hasOwn(flags, name)) {
      problems.push(`${file.place}.${name}: no such key.${didYouMean(name, names)}`);
    }
  }
  for (const name of names) {
    // parseArgs gives false to a switch and [] to a list that are absent; both are what we mean too.
    const isGiven = args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
    const inFile = !isGiven && Object.hasOwn(file.values, name);
    const given = inFile ? textOf(file.values[name]) : parsed[name];
    const where = inFile ? `${file.place}.${name}` : `--${name}`;
    if (given === "" && !args.includes(`--${name}=`)) {
      problems.push(`--${name}: a value is missing. Give --${name} ${flags[name].value}`);
      continue;
    }
    const result = flags[name].schema.safeParse(given);
    if (result.success) values[name] = result.data;
    else {for (const issue of result.error.issues) {
        problems.push(`${where}: ${issue.message} (got ${show(given)})`);
      }}
  }
  if (problems.length > 0 && parsed.help !== true) throw new UserError(problems.join("\n"));
  return { values: values as FlagValues<F>, operands: parsed._.map(String), wantsHelp: parsed.help === true };
}

/** The help text of a subcommand. */
export function helpText(usage: string, about: string, flags: Flags): string {
  const rows = Object.entries(flags).map(([name, { value, help, schema }]) => {
    const left = value === undefined ? `--${name}` : `--${name} ${value}`;
    const fallback = schema.safeParse(undefined);
    const shown = fallback.success && typeof fallback.data !== "object" && fallback.data !== undefined &&
      fallback.data !== false &&
      !(Array.isArray(fallback.data) && fallback.data.length === 0);
    return [left, shown ? `${help} [${fallback.data}]` : help];
  });
  rows.push(["--help", "this text"]);
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  return `${about}\n\nUsage: ${usage}\n\n${lines.join("\n")}\n`;
}

/** A whole number within bounds, from text. */
export function wholeNumber(min: number, max: number): z.ZodType<number> {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.union([z.string(), z.number()]).transform((text, context) => {
    const number = typeof text === "number" ? text : /^\d+$/.test(text) ? Number(text) : NaN;
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

/** Flags read text; JSON may hold numbers too. */
function textOf(value: unknown): unknown {
  return typeof value === "number" ? String(value) : Array.isArray(value) ? value.map(textOf) : value;
}

function show(given: unknown): string {
  return given === undefined ? "nothing" : JSON.stringify(given);
}
