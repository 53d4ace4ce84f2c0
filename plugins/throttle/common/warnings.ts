import type { PluginWarning } from "../../../core/plugin/plugin.ts";

/** Many people behind one address look like one who tries: an operator has to say which it is. */
export const warnings: readonly PluginWarning[] = [{
  id: "gatewayRates",
  role: "gateway",
  metrics: ["throttleAcceptsByAddress"],
  text: "connections a second are refused by gateways since one address makes too many: " +
    "redpkt gateway --set throttle.addressAcceptsPerS=N, 0 for no limit",
}];
