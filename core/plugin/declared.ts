import { CHARTS_VERSION, type Declared } from "../charts/declared.ts";
import type { Program } from "../cli/host.ts";
import { loadPlugin } from "./loader.ts";
import type { AnyPlugin } from "./plugin.ts";

/** What a plugin wants to be seen of it. */
export function declaredBy({ name, charts = [], warnings = [] }: AnyPlugin): Declared {
  return { plugin: name, charts, warnings };
}

/** What `GET /charts` answers. */
export function describeCharts(plugins: readonly AnyPlugin[]): unknown {
  return { schemaVersion: CHARTS_VERSION, plugins: plugins.map(declaredBy) };
}

/** What the plugins declare that come with the program. */
export async function builtInCharts(program: Program): Promise<readonly Declared[]> {
  const plugins = await Promise.all(Object.keys(program.plugins).map((name) => loadPlugin(name, program)));
  return plugins.map(declaredBy);
}
