import type { PluginRehearsal } from "../../core/plugin/plugin.ts";

export const rehearsal: PluginRehearsal = {
  cue: (ask, { inS, lengthS }) => ask("POST", "/cue", { inS, lengthS }),
  policy: (ask, policy) => ask("POST", "/policy", policy),
};
