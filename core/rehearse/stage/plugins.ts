import type { PluginMeasure } from "../../charts/measure.ts";
import type { Program } from "../../cli/host.ts";
import { UserError } from "../../base/user_error.ts";
import { loadPlugin, pluginSources } from "../../plugin/loader.ts";
import type { AnyPlugin, AskServer, RehearsalOrders, RehearsedEvent } from "../../plugin/plugin.ts";
import type { FullScenario } from "../measure/scenario.ts";

/** The plugins of the server of a rehearsal: what they set, what they are asked for, and what is measured of them. */
export class RehearsedPlugins {
  readonly #plugins: readonly AnyPlugin[];

  constructor(plugins: readonly AnyPlugin[]) {
    this.#plugins = plugins;
  }

  /** @param flags of the server, besides the scenario's own */
  static async load(
    { server, plan }: FullScenario,
    flags: readonly string[],
    program: Program,
  ): Promise<RehearsedPlugins> {
    const list = listOf(flags) ?? server?.flags.plugins;
    const sources = pluginSources(
      list === undefined ? undefined : String(list).split(","),
      plan !== undefined,
      program,
    );
    return new RehearsedPlugins(await Promise.all(sources.map((source) => loadPlugin(source, program))));
  }

  /** What they set, by `PLUGIN.KEY`. */
  settings(event: RehearsedEvent): Record<string, number | string> {
    return Object.fromEntries(
      this.#plugins.flatMap(({ name, rehearsal }) =>
        Object.entries(rehearsal?.settings?.(event) ?? {}).map(([key, value]) => [`${name}.${key}`, value])
      ),
    );
  }

  /** By name; the same name of two plugins is the later one's. */
  get measures(): Readonly<Record<string, PluginMeasure>> {
    return Object.assign({}, ...this.#plugins.map(({ measures }) => measures));
  }

  get columns(): Readonly<Record<string, string>> {
    return Object.assign({}, ...this.#plugins.map(({ rehearsal }) => rehearsal?.columns));
  }

  /** Counters of what was given for shakes. */
  get won(): readonly { readonly packets: string; readonly fen: string }[] {
    return this.#plugins.flatMap(({ rehearsal }) => rehearsal?.won ?? []);
  }

  /** Has done what a scenario asks for. @throws UserError if no plugin of the server does it */
  async order<Kind extends keyof RehearsalOrders>(
    kind: Kind,
    ask: AskServer,
    order: Parameters<NonNullable<RehearsalOrders[Kind]>>[1],
  ): Promise<void> {
    const able = this.#plugins.find(({ rehearsal }) => rehearsal?.[kind] !== undefined);
    if (able === undefined) {
      const names = this.#plugins.map(({ name }) => name).join(", ");
      throw new UserError(
        `the scenario asks for ${kind}, and none of the server's plugins does that: ${
          names || "it has none"
        }`,
      );
    }
    const give = able.rehearsal![kind] as (ask: AskServer, order: unknown) => Promise<void>;
    await give.call(able.rehearsal, ask, order);
  }
}

/** What `--plugins` says in these flags, if anything: the last one counts. */
function listOf(flags: readonly string[]): string | undefined {
  let list: string | undefined;
  flags.forEach((flag, i) => {
    if (flag === "--plugins") list = flags[i + 1];
    else if (flag.startsWith("--plugins=")) list = flag.slice("--plugins=".length);
  });
  return list;
}
