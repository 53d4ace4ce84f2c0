import type { z } from "zod";
import type { PluginChart, PluginWarning } from "../../charts/declared.ts";
import type { PluginMeasure } from "../../charts/measure.ts";
import type { MetricDefinition } from "../../counters/counters.ts";
import type { DoorDefinition } from "./door.ts";
import type { PluginEvening } from "./evening.ts";
import type { HostContext, PluginControl } from "./host.ts";
import type { PluginRehearsal } from "./rehearsal.ts";
import type { PluginInstance, SetContext } from "./set.ts";

export interface PluginDefinition<Config> {
  readonly name: string;
  /** A strict object with a default for every field; all errors are reported at once, with their paths. */
  readonly config: z.ZodType<Config>;
  /** Names are unique on a host, so begin them with the plugin's. */
  readonly metrics?: Readonly<Record<string, MetricDefinition>>;
  /** What the page, the terminal and the report show of it: charts, or lines on charts that there are. */
  readonly charts?: readonly PluginChart[];
  /** What the page and the terminal warn of when its counters grow. */
  readonly warnings?: readonly PluginWarning[];
  /** What thresholds of scenarios can be about besides, and what reports show of each phase. */
  readonly measures?: Readonly<Record<string, PluginMeasure>>;
  /** What it sets in a rehearsal, and what scenarios can ask of it. */
  readonly rehearsal?: PluginRehearsal;
  /** What it sets in an evening of real people, and how its waves are led. */
  readonly evening?: PluginEvening;
  /** What it is at doors, such as a gateway's, where no SET is. */
  // deno-lint-ignore no-explicit-any
  readonly door?: DoorDefinition<any>;
  /** It draws or holds packets: if it fails, the host stops awarding, since half a change may stand. */
  readonly holdsMoney?: boolean;
  /** Its users move money among themselves, which only their own host knows of: refused beside books of many hosts. */
  readonly movesMoney?: boolean;
  create(set: SetContext, config: Config): PluginInstance;
  control?(host: HostContext, config: Config): PluginControl;
}

/** Any plugin, whatever its config's type. */
// deno-lint-ignore no-explicit-any
export type AnyPlugin = PluginDefinition<any>;

/** Gives a plugin's definition its types. */
export function definePlugin<Config>(definition: PluginDefinition<Config>): PluginDefinition<Config> {
  return definition;
}
