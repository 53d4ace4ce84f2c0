import type { MetricDefinition } from "../counters/counters.ts";
import type { LinkCount } from "./link_agent.ts";

/** What a host counts of the shows that come to it. */
export const LINK_METRICS = {
  showApplied: { kind: "counter", help: "Show documents that began to count" },
  showDamaged: { kind: "counter", help: "Show documents refused since they can't be read" },
  showForged: {
    kind: "counter",
    help: "Show documents and clock answers refused since nobody trusted has signed them",
  },
  showHalfSigned: {
    kind: "counter",
    help: "Show documents refused since fewer than two persons approve the plan",
  },
  showMistaken: { kind: "counter", help: "Show documents refused since they are signed and wrong" },
  showOtherEvent: { kind: "counter", help: "Show documents refused since they are for another event" },
  showOlder: { kind: "counter", help: "Show documents left out since the host has a newer one" },
  showPathFailures: { kind: "counter", help: "Times that a path of the show was lost" },
  showLinkFailures: {
    kind: "counter",
    help: "Times that the thread of the show's paths died and was started anew",
  },
  opensAsked: { kind: "counter", help: "Opens of packets of other hosts that were brought to their owner" },
  opensAnswered: { kind: "counter", help: "Of these, opens that their owner has answered" },
  opensUnanswered: {
    kind: "counter",
    help: "Of these, opens whose owner said nothing in time: the user tries later",
  },
  opensForOthers: { kind: "counter", help: "Packets of this host that other hosts' users asked to open" },
  opensForged: {
    kind: "counter",
    help: "Messages about opens that don't count: forged, damaged or for another host",
  },
  showEpoch: { kind: "gauge", help: "Epoch of the show document that counts, 0 for none" },
  showNumber: { kind: "gauge", help: "Number of the show document that counts, within its epoch" },
  showPathsDown: { kind: "gauge", help: "Paths of the show that don't work" },
  showClockOffMs: {
    kind: "gauge",
    help: "Milliseconds by which the wall clock is off the consoles', either way",
  },
  showHolding: {
    kind: "gauge",
    help: "1 while packets are held, of waves and of orders, since the wall clock is off",
  },
  showDropped: { kind: "gauge", help: "Messages of the show that no path took" },
} as const satisfies Record<string, MetricDefinition>;

/** The counter of each thing that a link counts. */
export const LINK_COUNTERS: Readonly<Record<LinkCount, keyof typeof LINK_METRICS>> = {
  applied: "showApplied",
  pathFailure: "showPathFailures",
  openForged: "opensForged",
  damaged: "showDamaged",
  forged: "showForged",
  halfSigned: "showHalfSigned",
  mistaken: "showMistaken",
  otherEvent: "showOtherEvent",
  older: "showOlder",
};
