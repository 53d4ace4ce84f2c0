import type { MetricDefinition } from "../../counters/counters.ts";

const counter = (help: string): MetricDefinition => ({ kind: "counter", help });
const gauge = (help: string): MetricDefinition => ({ kind: "gauge", help });

/** What the ledger thread and the projector count, in a block of their own. */
export const LEDGER_METRICS: Readonly<Record<string, MetricDefinition>> = {
  ledgerEntries: counter("Entries that the ledger judged"),
  ledgerRows: counter("Rows that are durable in the ledger"),
  ledgerCommits: counter("Commits that made at least one row durable"),
  ledgerCommitUs: { kind: "histogram", help: "Time of a commit in microseconds" },
  ledgerUserLimit: counter("Awards refused since the user has as many packets as one may have"),
  ledgerSponsorLimit: counter("Awards refused since the user has as many of this sponsor as one may have"),
  ledgerUnopened: gauge("Awards that wait for their users to open them"),
  ledgerFailures: counter("Times that the ledger's disk failed, so that awards had to wait"),
  ledgerFailing: gauge("1 while the ledger's disk fails"),
  ordersPlaced: counter("Orders of operators that were new"),
  ordersRunning: gauge("Orders of operators that are not finished"),
  ordersFailed: counter("Orders of operators that failed, since the ledger refused what they wanted"),
};

/** What the projector counts, in a block of its own. */
export const PROJECTION_METRICS: Readonly<Record<string, MetricDefinition>> = {
  projectionRows: counter("Rows that are in the projection"),
  projectionLagRows: gauge("Rows that are durable and not in the projection yet"),
  projectionLagMs: gauge("Age in ms of the oldest row that is not in the projection yet"),
  projectionCheckpoints: counter("Checkpoints that were written"),
};
