import { z } from "zod";
import type { Program } from "../cli/host.ts";
import { pluginCharts, pluginWarnings } from "../charts/declared.ts";
import { didYouMean } from "../base/did_you_mean.ts";
import { UserError } from "../base/user_error.ts";
import * as api from "./plugin.ts";
import type { AnyPlugin } from "./plugin.ts";

/** A plugin that a host runs with, as it travels to the workers. */
export interface PluginChoice {
  /** A built-in's name, or the URL of a user's file. */
  readonly source: string;
  /** Checked and with its defaults. */
  readonly config: unknown;
}

/** What a user's file is handed, so that it needs no import at run time. */
export type PluginApi = typeof api;

const shape = z.object({
  name: z.string().regex(/^[a-z][a-zA-Z0-9]*$/, "must be a name in camelCase"),
  config: z.custom<z.ZodType>(
    (value) => value instanceof Object && "safeParse" in value,
    "must be a zod schema",
  ),
  charts: pluginCharts.exactOptional(),
  warnings: pluginWarnings.exactOptional(),
  create: z.custom<AnyPlugin["create"]>((value) => typeof value === "function", "must be a function"),
});

/**
 * Loads a plugin: a built-in by name, a user's file by path or URL.
 *
 * @throws UserError that says what is wrong with it
 */
export async function loadPlugin(source: string, program: Program): Promise<AnyPlugin> {
  const isFile = isPluginFile(source);
  if (!isFile && !Object.hasOwn(program.plugins, source)) {
    const names = Object.keys(program.plugins);
    throw new UserError(
      `plugin ${source}: no built-in has this name.${didYouMean(source, names)} ` +
        `There are ${names.join(", ")}; a file of your own is given by its path, such as ./my_plugin.ts`,
    );
  }
  const module = isFile ? await importFile(source) : await program.plugins[source]();
  const exported = module.default;
  const definition = typeof exported === "function" ? exported(api) : exported;
  const result = shape.safeParse(definition);
  if (result.success) return definition as AnyPlugin;
  const problems = result.error.issues.map(({ path, message }) =>
    `plugin ${source}: ${path.join(".") || "the default export"}: ${message}`
  );
  throw new UserError(problems.join("\n"));
}

/**
 * The plugins of a server, by name and path.
 *
 * @param wanted what its user has named; the program's own choice if absent
 * @param hasTickets whether it is given a seed file
 */
export function pluginSources(
  wanted: readonly string[] | undefined,
  hasTickets: boolean,
  { defaultPlugins, ticketPlugin }: Program,
): readonly string[] {
  const sources = wanted ?? defaultPlugins;
  const isMissing = hasTickets && ticketPlugin !== "" && !sources.includes(ticketPlugin);
  return isMissing ? [...sources, ticketPlugin] : sources;
}

/** Whether a plugin is a file, by path or URL, rather than a built-in by name. */
export function isPluginFile(source: string): boolean {
  return /[./\\]/.test(source);
}

/** The URL of a plugin file, so that it means the same in every thread and folder. */
export function pluginUrl(source: string): string {
  if (/^[a-z]+:\/\//.test(source)) return source;
  const path = source.startsWith("/") ? source : `${Deno.cwd()}/${source}`;
  return new URL(`file://${path.replaceAll("%", "%25").replaceAll("#", "%23").replaceAll("?", "%3F")}`).href;
}

async function importFile(source: string): Promise<{ default: unknown }> {
  try {
    return await import(pluginUrl(source));
  } catch (error) {
    throw new UserError(`plugin ${source}: cannot be loaded: ${whyNotLoaded(error)}`);
  }
}

/** Why a file can't be imported, in one line; of a syntax error also where it is. */
export function whyNotLoaded(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [why, ...more] = error.message.split("\n");
  const place = /^ *at file:.*:(\d+):(\d+)$/.exec(more.at(-1) ?? "");
  return place === null ? why : `${why} (line ${place[1]}, column ${place[2]})`;
}

/** A plugin with its place, as the main thread holds it. */
export interface LoadedPlugin {
  readonly plugin: AnyPlugin;
  readonly choice: PluginChoice;
}

/**
 * Loads all plugins of a host and checks their configs.
 *
 * @param sources names and paths, in the order in which they admit frames
 * @param configs by plugin name or path, as a user wrote them
 * @throws UserError that lists every problem
 */
export async function loadPlugins(
  sources: readonly string[],
  configs: Readonly<Record<string, unknown>>,
  program: Program,
): Promise<LoadedPlugin[]> {
  const problems: string[] = [];
  const loaded: LoadedPlugin[] = [];
  const used = new Set<string>();
  for (const source of sources) {
    try {
      const plugin = await loadPlugin(source, program);
      if (loaded.some((other) => other.plugin.name === plugin.name)) {
        problems.push(`plugin ${source}: another plugin is called ${plugin.name} already`);
        continue;
      }
      for (const name of [source, plugin.name]) if (Object.hasOwn(configs, name)) used.add(name);
      const given = configs[source] ?? configs[plugin.name] ?? {};
      const config = checkConfig(plugin.name, plugin.config, given, problems);
      loaded.push({ plugin, choice: { source: isPluginFile(source) ? pluginUrl(source) : source, config } });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
  }
  for (const name of Object.keys(configs)) {
    if (used.has(name)) continue;
    problems.push(`plugins.${name}: no plugin of this name is loaded.${didYouMean(name, sources)}`);
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return loaded;
}

/** A plugin's config with its defaults; what is wrong with it joins the problems. */
export function checkConfig(name: string, schema: z.ZodType, given: unknown, problems: string[]): unknown {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    problems.push(`plugins.${[name, ...path].join(".")}: ${message}`);
  }
  return undefined;
}
