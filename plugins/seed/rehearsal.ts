import type { PluginRehearsal } from "../../core/plugin/plugin.ts";

/** The plan is drawn long before the rehearsal: each wave begins when its phase does. */
export const rehearsal: PluginRehearsal = {
  wave: (ask, wave) => ask("POST", "/waves/move", { wave, inS: 0 }),
};
