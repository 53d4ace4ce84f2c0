import type { PluginEvening } from "../../../core/plugin/plugin.ts";

/** A person shakes twice a second at most; what a page asks besides comes on top. */
export const evening: PluginEvening = { settings: { connectionPerS: 5, connectionBurst: 25 } };
