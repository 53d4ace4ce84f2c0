import { definePlugin } from "../../core/plugin/plugin.ts";
import { charts } from "./common/charts.ts";
import { config } from "./common/config.ts";
import { SendHost } from "./host/host_plugin.ts";
import { measures, rehearsal } from "./common/rehearsal.ts";
import { SEND_METRICS } from "./common/metrics.ts";
import { SendSet } from "./set/set_plugin.ts";

/** Users send packets of money to each other and to groups, and recipients race for the shares. */
export default definePlugin({
  name: "send",
  config,
  holdsMoney: true,
  movesMoney: true,
  metrics: SEND_METRICS,
  charts,
  measures,
  rehearsal,
  create: (set, config) => new SendSet(set, config),
  control: (host, config) => new SendHost(host, config),
});
