import type { MetricDefinition } from "../../counters/counters.ts";

/** What a host's uplink tells of itself. */
export const UPLINK_METRICS: Readonly<Record<string, MetricDefinition>> = {
  uplinkRows: { kind: "counter", help: "Rows of the ledger that the uplink has brought to the books" },
  uplinkLagRows: { kind: "gauge", help: "Durable rows that the books lack" },
  uplinkLagMs: {
    kind: "gauge",
    help: "Age in ms of the oldest row that the books lack; before their first answer, time since the start",
  },
  uplinkFailures: { kind: "counter", help: "Times that the books could not be reached, or did not answer" },
  uplinkRefused: {
    kind: "gauge",
    help: "1 while the books refuse the ledger: it is a copy, was adopted, or its host number is taken",
  },
};
