import { delta, type PluginChart } from "../../core/plugin/plugin.ts";

/** Tickets that are released stand among the packets that are made. */
export const charts: readonly PluginChart[] = [
  {
    id: "packets",
    lines: [{ ...delta("released by plan", "server", "seedReleased"), before: "won (servers)" }],
  },
];
