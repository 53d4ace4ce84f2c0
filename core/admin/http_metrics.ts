import type { Counters, MetricDefinition } from "../counters/counters.ts";

/** What an HTTP API counts of those whom it turns away. */
export const HTTP_METRICS = {
  httpRefused: {
    kind: "counter",
    help:
      "Requests to the HTTP API that were refused: a foreign name or page, no token, a body that is not taken",
  },
  httpTimeouts: { kind: "counter", help: "Connections to the HTTP API that took too long to ask or to read" },
  httpOverfull: {
    kind: "counter",
    help:
      "Connections to the HTTP API that were closed, and streams that were refused, since there were too many",
  },
} as const satisfies Record<string, MetricDefinition>;

export type HttpMetric = keyof typeof HTTP_METRICS;

/** Counts into a block that only the main thread writes. */
export function httpCounts(counters: Counters, block: number): (metric: HttpMetric) => void {
  const values = counters.block(block);
  return (metric) => void values[counters.layout.handle(metric)]++;
}

/** Counts where there are no metrics, for who asks. */
export function plainCounts(): {
  readonly counts: Record<HttpMetric, number>;
  count(metric: HttpMetric): void;
} {
  const counts = { httpRefused: 0, httpTimeouts: 0, httpOverfull: 0 };
  return { counts, count: (metric) => void counts[metric]++ };
}
