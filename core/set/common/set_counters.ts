import type { Counters } from "../../counters/counters.ts";

/** Metrics that a SET counts itself. */
const COUNTED = [
  "connections",
  "users",
  "connectionsOpened",
  "connectionsClosed",
  "logins",
  "framesIn",
  "framesOut",
  "bytesIn",
  "bytesOut",
  "framesRefused",
  "framesDropped",
  "repliesDeferred",
  "verdictsOrphaned",
  "verdictsLate",
  "awardsDelivered",
  "deliveredUnknown",
  "awardsRepeated",
  "passesSent",
  "passesTaken",
  "passesKnown",
  "passesDamaged",
  "passesOfOther",
  "passesUnknownKey",
  "passesForged",
  "passesTooMany",
  "passesUnchecked",
  "movesTold",
  "pluginFailures",
] as const;

/** What a SET counts itself: its block of the host's counters, and where in it which metric is. */
export class SetCounters {
  readonly block: Float64Array;
  readonly at: Readonly<Record<typeof COUNTED[number], number>>;

  /** @param set number of the SET on the host */
  constructor(counters: Counters, set: number) {
    this.block = counters.block(set);
    const handles = COUNTED.map((name) => [name, counters.layout.handle(name)]);
    this.at = Object.fromEntries(handles) as typeof this.at;
  }
}
