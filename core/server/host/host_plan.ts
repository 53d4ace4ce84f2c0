import { UserError } from "../../base/user_error.ts";
import type { MetricDefinition } from "../../counters/counters.ts";
import { LEDGER_METRICS, PROJECTION_METRICS } from "../../ledger/thread/metrics.ts";
import type { LoadedPlugin } from "../../plugin/loader.ts";
import { LINK_METRICS } from "../../link/link_metrics.ts";
import { CLAIM_METRICS } from "./claim_watch.ts";
import { MONEY_GAUGES } from "./money_metrics.ts";
import { SET_METRICS, WORKER_METRICS } from "../../set/common/metrics.ts";

/** What one worker gets of a host. */
export interface WorkerShare {
  readonly worker: number;
  /** Most connections. */
  readonly capacity: number;
  /** Number on the host of its first SET, and how many it has. */
  readonly firstSet: number;
  readonly sets: number;
}

/** Shares a host's connections over its workers, and cuts each share into SETs of at most `seats` connections. */
export function shareOut(capacity: number, workers: number, seats: number): WorkerShare[] {
  const shares: WorkerShare[] = [];
  let firstSet = 0;
  for (let worker = 0; worker < workers; worker++) {
    const share = Math.floor(capacity / workers) + (worker < capacity % workers ? 1 : 0);
    const sets = Math.ceil(share / seats);
    shares.push({ worker, capacity: share, firstSet, sets });
    firstSet += sets;
  }
  return shares;
}

/**
 * Every metric of a host, those of its plugins too.
 *
 * @throws UserError if a plugin takes a name that exists already
 */
export function hostMetrics(plugins: readonly LoadedPlugin[]): Record<string, MetricDefinition> {
  const metrics: Record<string, MetricDefinition> = {
    ...SET_METRICS,
    ...WORKER_METRICS,
    ...LEDGER_METRICS,
    ...PROJECTION_METRICS,
    ...CLAIM_METRICS,
    ...LINK_METRICS,
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
