import { UserError } from "../../base/user_error.ts";
import type { MetricDefinition } from "../../counters/counters.ts";
import { LEDGER_METRICS, PROJECTION_METRICS } from "../../ledger/thread/metrics.ts";
import { UPLINK_METRICS } from "../../books/uplink/metrics.ts";
import type { LoadedPlugin } from "../../plugin/loader.ts";
import { LINK_METRICS } from "../../link/link_metrics.ts";
import { SUMMARY_METRICS } from "../../summaries/summary_metrics.ts";
import { CLAIM_METRICS } from "./claim_watch.ts";
import { MONEY_GAUGES } from "../money/money_metrics.ts";
import { SET_METRICS, WORKER_METRICS } from "../../set/common/metrics.ts";

/**
 * Every metric of a host, those of its plugins too.
 *
 * @param hasBooks whether its ledger is carried to books
 * @throws UserError if a plugin takes a name that exists already
 */
export function hostMetrics(
  plugins: readonly LoadedPlugin[],
  hasBooks: boolean,
): Record<string, MetricDefinition> {
  const metrics: Record<string, MetricDefinition> = {
    ...SET_METRICS,
    ...WORKER_METRICS,
    ...LEDGER_METRICS,
    ...PROJECTION_METRICS,
    ...CLAIM_METRICS,
    ...(hasBooks ? UPLINK_METRICS : {}),
    ...LINK_METRICS,
    ...SUMMARY_METRICS,
    ...MONEY_GAUGES,
  };
  for (const { plugin } of plugins) {
    for (const [name, definition] of Object.entries(plugin.metrics ?? {})) {
      if (Object.hasOwn(metrics, name)) {
        throw new UserError(
          `plugin ${plugin.name}: metric ${name} exists already. Begin its name with ${plugin.name}`,
        );
      }
      metrics[name] = definition;
    }
  }
  return metrics;
}
