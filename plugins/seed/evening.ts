import type { PluginEvening } from "../../core/plugin/plugin.ts";

/** The host of an evening leads by its waves. */
export const evening: PluginEvening = {
  waves: {
    read: (ask) => ask("GET", "/waves"),
    order: (ask, { action, ...body }, key) =>
      ask("POST", `/waves/${action}`, body, key === undefined ? {} : { "idempotency-key": key }),
  },
};
