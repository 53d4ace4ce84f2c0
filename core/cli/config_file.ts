import { z } from "zod";
import { didYouMean } from "../base/did_you_mean.ts";
import { UserError } from "../base/user_error.ts";

/** Read when no other file is named, if it is there. */
const DEFAULT_FILE = "redpkt.json";

const parts = {
  server: z.record(z.string(), z.unknown()),
  plugins: z.record(z.string(), z.record(z.string(), z.unknown())),
};
/** What an editor knows the file's schema by; it says nothing to us. */
const IGNORED = "$schema";

export interface ConfigFile {
  /** Its path, for messages; undefined if there is none. */
  readonly path?: string;
  /** Nobody named it: it lay in the working folder. */
  readonly isFound?: boolean;
  /** Values for the flags of `redpkt server`, by flag name. */
  readonly server: Readonly<Record<string, unknown>>;
  /** Configs by plugin. */
  readonly plugins: Readonly<Record<string, Record<string, unknown>>>;
  /** What is wrong with the file's own shape, to be told with everything else that is wrong. */
  readonly problems: readonly string[];
}

/**
 * Reads the config file.
 *
 * @param named the path that a user gave, if any
 * @throws UserError if it was named and isn't there, or is no JSON
 */
export async function readConfigFile(named: string | undefined): Promise<ConfigFile> {
  const path = named ?? DEFAULT_FILE;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (named === undefined && error instanceof Deno.errors.NotFound) {
      return { server: {}, plugins: {}, problems: [] };
    }
    throw new UserError(`--config ${path}: cannot be read: ${reason(error)}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path}: is no JSON: ${reason(error)}`);
  }
  return { path, isFound: named === undefined, ...readParts(path, json) };
}

/** The parts that are right, and what is wrong with the others. */
function readParts(path: string, json: unknown): Pick<ConfigFile, "server" | "plugins" | "problems"> {
  const read = { server: {}, plugins: {} };
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return { ...read, problems: [`${path}: must be an object: {"server": {}, "plugins": {}}`] };
  }
  const names = Object.keys(parts);
  const problems: string[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name === IGNORED) continue;
    if (!Object.hasOwn(parts, name)) {
      problems.push(
        `${path}: ${name}: no such key.${didYouMean(name, names) || ` There are ${names.join(" and ")}`}`,
      );
      continue;
    }
    const result = parts[name as keyof typeof parts].safeParse(value);
    if (result.success) Object.assign(read, { [name]: result.data });
    for (const { path: at, message } of result.error?.issues ?? []) {
      problems.push(`${path}: ${[name, ...at].join(".")}: ${message}`);
    }
  }
  return { ...read, problems };
}

/**
 * Lays `--set plugin.key=value` over the plugins' configs. A value is JSON where it can be, text otherwise.
 *
 * @throws UserError for what isn't of that form
 */
export function withSettings(
  plugins: ConfigFile["plugins"],
  settings: readonly string[],
): Record<string, Record<string, unknown>> {
  const merged = structuredClone(plugins) as Record<string, Record<string, unknown>>;
  for (const setting of settings) {
    const match = /^(.+?)\.([^.=]+)=(.*)$/s.exec(setting);
    if (match === null) {
      throw new UserError(`--set ${setting}: must be PLUGIN.KEY=VALUE, as in dice.sides=20`);
    }
    const [, plugin, key, value] = match;
    merged[plugin] = { ...merged[plugin], [key]: jsonOrText(value) };
  }
  return merged;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "no permission";
  return error instanceof Error ? error.message : String(error);
}
