import type { MetricDefinition } from "../counters/counters.ts";
import type { SummaryCount } from "./summary_agent.ts";

/** What a host counts of the awards that hosts tell each other of. */
export const SUMMARY_METRICS = {
  summariesTold: {
    kind: "counter",
    help: "Awards of this host that it told the others of, repeats included",
  },
  summariesHeard: { kind: "counter", help: "Awards that other hosts told this one of, repeats included" },
  summariesForged: {
    kind: "counter",
    help: "Messages of other hosts refused since no key of this event has signed them",
  },
  summariesDamaged: { kind: "counter", help: "Messages of other hosts refused since they can't be read" },
  summariesStrangers: {
    kind: "counter",
    help: "Messages left out since more hosts talk than one is prepared for",
  },
  hearsayAsks: { kind: "counter", help: "Times that this host asked others for awards that it lacks" },
  hearsayAnswers: { kind: "counter", help: "Times that this host told another one again what that lacks" },
  hearsayFailures: { kind: "counter", help: "Times that the ledger couldn't be read for the other hosts" },
  hearsayHosts: { kind: "gauge", help: "Other hosts that have told this one of their awards" },
  hearsayLagRows: {
    kind: "gauge",
    help: "Rows of other hosts' ledgers that this one knows to be there and lacks",
  },
  foreignAwards: { kind: "gauge", help: "Awards of other hosts that this one remembers" },
  foreignAwardsOver: {
    kind: "gauge",
    help: "Times that an award of another host found no room: raise --foreign-awards",
  },
} as const satisfies Record<string, MetricDefinition>;

/** The counter of each thing that an agent counts. */
export const SUMMARY_COUNTERS: Readonly<Record<SummaryCount, keyof typeof SUMMARY_METRICS>> = {
  told: "summariesTold",
  heard: "summariesHeard",
  forged: "summariesForged",
  damaged: "summariesDamaged",
  strangers: "summariesStrangers",
  asks: "hearsayAsks",
  answers: "hearsayAnswers",
};
