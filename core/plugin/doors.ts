import { UserError } from "../base/user_error.ts";
import type { Program } from "../cli/host.ts";
import type { MetricDefinition } from "../counters/counters.ts";
import { checkConfig, loadPlugin } from "./loader.ts";
import type { DoorDefinition, PluginDoor } from "./plugin.ts";

/** A plugin that has something to say at a door, with its config. */
export interface DoorPlugin {
  readonly name: string;
  readonly definition: DoorDefinition<unknown>;
  /** Checked and with its defaults. */
  readonly config: unknown;
}

/**
 * Loads what plugins are at a door.
 *
 * @param named what a user has named; those of the program that have a door if absent
 * @param configs by plugin, as a user wrote them
 * @throws UserError that lists every problem
 */
export async function loadDoorPlugins(
  named: readonly string[] | undefined,
  configs: Readonly<Record<string, unknown>>,
  program: Program,
): Promise<DoorPlugin[]> {
  const problems: string[] = [];
  const loaded: DoorPlugin[] = [];
  for (const source of named ?? program.defaultPlugins) {
    try {
      const { name, door } = await loadPlugin(source, program);
      if (door !== undefined) {
        const config = checkConfig(name, door.config, configs[name] ?? {}, problems);
        loaded.push({ name, definition: door, config });
      } else if (named !== undefined) problems.push(`plugin ${source}: has nothing to say at a door`);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
  }
  const names = loaded.map(({ name }) => name);
  for (const name of Object.keys(configs).filter((name) => !names.includes(name))) {
    problems.push(`plugins.${name}: no such plugin is at a door. There is ${names.join(" and ") || "none"}`);
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return loaded;
}

/** What plugins count at a door. */
export function doorMetrics(plugins: readonly DoorPlugin[]): Record<string, MetricDefinition> {
  return Object.assign({}, ...plugins.map(({ definition }) => definition.metrics ?? {}));
}

/** The plugins at one door: who is refused by one isn't shown to those behind it. */
export class Door implements Required<PluginDoor> {
  readonly #doors: readonly PluginDoor[];

  /** @param count adds 1 to a metric */
  constructor(plugins: readonly DoorPlugin[], count: (metric: string) => void) {
    this.#doors = plugins.map(({ definition, config }) => definition.create(count, config));
  }

  connect(address: number, nowMs: number): number {
    return this.#first((door) => door.connect?.(address, nowMs) ?? 0);
  }

  login(user: number, tokenBits: number, nowMs: number): number {
    return this.#first((door) => door.login?.(user, tokenBits, nowMs) ?? 0);
  }

  #first(ask: (door: PluginDoor) => number): number {
    for (const door of this.#doors) {
      const waitMs = ask(door);
      if (waitMs > 0) return waitMs;
    }
    return 0;
  }
}
