import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { didYouMean } from "../base/did_you_mean.ts";
import { UserError } from "../base/user_error.ts";
import { speakPlainly } from "./plain_words.ts";

speakPlainly();

/** One flag: what it takes and what it is for. */
export interface Flag<T> {
  /** Reads the text that was given, or `undefined`; a switch is given `true`. */
  readonly schema: z.ZodType<T>;
  readonly help: string;
  /** What stands behind the flag in the help, such as `N`; absent for a switch. */
  readonly value?: string;
  /** May be given several times; the schema reads an array then. */
  readonly isList?: boolean;
  /** What the help shows as the default; absent: what the schema makes of nothing, if that is plain. */
  readonly fallback?: string;
  /** Under which heading the help shows it. */
  readonly group?: string;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type FlagValues<F extends Flags> = { [Name in keyof F]: F[Name] extends Flag<infer T> ? T : never };

/** A flag with a value; `fallback` is what the help shows as its default. */
export function flag<T>(value: string, help: string, schema: z.ZodType<T>, fallback?: string): Flag<T> {
  return { schema, help, value, ...(fallback === undefined ? {} : { fallback }) };
}

/** A flag without a value: absent means false. */
export function switchFlag(help: string): Flag<boolean> {
  return { schema: z.boolean().default(false), help };
}

/** A flag that may be given several times. */
export function listFlag(value: string, help: string): Flag<string[]> {
  return { schema: z.array(z.string()).default([]), help, value, isList: true };
}

/** Flags that the help shows under one heading. */
export function grouped<F extends Flags>(group: string, flags: F): F {
  return Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, { ...flag, group }])) as F;
}

/** What a subcommand's command line comes to. */
export interface ReadFlags<F extends Flags> {
  /** The flags that have no problem. */
  readonly values: Partial<FlagValues<F>>;
  /** Arguments that are no flags. */
  readonly operands: readonly string[];
  /** `--help` was given. */
  readonly wantsHelp: boolean;
  /** What is wrong, a line each. */
  readonly problems: string[];
}

/** Values for flags from elsewhere than the command line, which goes before them. */
export interface FlagSource {
  readonly values: Readonly<Record<string, unknown>>;
  /** What a flag is called there. */
  keyOf(flag: string): string;
  /** What stands in front of that in a message, such as `redpkt.json: server.`. */
  readonly place: string;
}

/** Reads a subcommand's flags: from the command line, else from the first source that has them. */
export function readFlags<F extends Flags>(
  args: readonly string[],
  flags: F,
  sources: readonly FlagSource[] = [],
): ReadFlags<F> {
  const names = Object.keys(flags);
  const problems: string[] = [];
  const parsed = splitArgs(args, flags, problems);
  for (const { place, values, keyOf } of sources) {
    for (const name of Object.keys(values)) {
      if (Object.hasOwn(flags, name)) continue;
      problems.push(`${place}${keyOf(name)}: no such key.${didYouMean(keyOf(name), names.map(keyOf))}`);
    }
  }
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const isGiven = args.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
    const source = isGiven ? undefined : sources.find(({ values }) => Object.hasOwn(values, name));
    // parseArgs gives false to a switch and [] to a list that are absent; both are what we mean too.
    const given = source === undefined ? parsed[name] : textOf(source.values[name]);
    if (given === "" && !args.includes(`--${name}=`)) {
      problems.push(`--${name}: a value is missing. Give --${name} ${flags[name].value}`);
      continue;
    }
    const result = flags[name].schema.safeParse(given);
    if (result.success) values[name] = result.data;
    const where = source === undefined ? `--${name}` : `${source.place}${source.keyOf(name)}`;
    for (const issue of result.error?.issues ?? []) {
      // A flag that may be given several times names the one that is wrong itself.
      const got = Array.isArray(given) && given.length > 1 ? "" : ` (got ${show(given)})`;
      problems.push(`${where}: ${issue.message}${got}`);
    }
  }
  return {
    values: values as Partial<FlagValues<F>>,
    operands: parsed._.map(String),
    wantsHelp: parsed.help === true,
    problems,
  };
}

/**
 * Reads flags of a program that is no subcommand.
 *
 * @throws UserError that lists every problem, each with a hint
 */
export function parseFlags<F extends Flags>(
  args: readonly string[],
  flags: F,
): Omit<ReadFlags<F>, "values" | "problems"> & { readonly values: FlagValues<F> } {
  const { problems, values, ...parsed } = readFlags(args, flags);
  if (problems.length > 0 && !parsed.wantsHelp) throw new UserError(problems.join("\n"));
  return { ...parsed, values: values as FlagValues<F> };
}

/** The arguments by flag, as text; what is no flag stands under `_`. */
function splitArgs(
  args: readonly string[],
  flags: Flags,
  problems: string[],
): Record<string, unknown> & { _: string[] } {
  const names = Object.keys(flags);
  const isSwitch = (name: string) => flags[name].value === undefined;
  return parseArgs([...args], {
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
}

/** What a flag means when it is absent, if that is plain. */
export function defaultOf(flag: Flag<unknown>): string | undefined {
  if (flag.fallback !== undefined) return flag.fallback;
  const { data } = flag.schema.safeParse(undefined);
  return typeof data === "number" || typeof data === "string" ? String(data) : undefined;
}

/** The words that a flag takes, if it takes one of a few. */
export function choicesOf({ schema }: Flag<unknown>): readonly string[] {
  let inner: unknown = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    inner = inner.unwrap();
  }
  return inner instanceof z.ZodEnum ? inner.options.map(String) : [];
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

/** A number within bounds, with a fraction or without, from text. */
export function decimalNumber(min: number, max: number): z.ZodType<number> {
  const message = `must be a number from ${min} to ${max}`;
  return z.union([z.string(), z.number()]).transform((text, context) => {
    const number = Number(text);
    if (text !== "" && number >= min && number <= max) return number;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

/** Flags read text; JSON may hold numbers too. */
function textOf(value: unknown): unknown {
  return typeof value === "number" ? String(value) : Array.isArray(value) ? value.map(textOf) : value;
}

function show(given: unknown): string {
  if (given === undefined) return "nothing";
  return JSON.stringify(Array.isArray(given) ? given[0] : given);
}
