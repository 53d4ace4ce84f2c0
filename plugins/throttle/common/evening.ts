import type { PluginEvening } from "../../../core/plugin/plugin.ts";

export const evening: PluginEvening = {
  /** A person shakes twice a second at most; what a page asks besides comes on top. */
  settings: { connectionPerS: 5, connectionBurst: 25 },
  /** Phones of one network may have one address to the outside, and a phone that is cut off comes often. */
  door: { addressAcceptsPerS: 200, addressAcceptBurst: 2_000, userLoginBurst: 30 },
  tokenDoor: { acceptsPerS: 200, addressAcceptsPerS: 2, addressAcceptBurst: 60 },
};
