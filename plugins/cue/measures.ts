import { percentOf, type PluginMeasure } from "../../core/plugin/plugin.ts";

export const measures: Readonly<Record<string, PluginMeasure>> = {
  countdownErrorP99Ms: {
    unit: "ms",
    label: "countdown error p99",
    isMoreBetter: false,
    of: ({ client }) => client.percentile("countdownErrorUs", 99) / 1000,
  },
  tooSoonPercent: {
    unit: "percent",
    of: ({ client }) => percentOf(client.grew("shakesTooSoon"), Math.max(1, client.grew("shakesSent"))),
  },
};
