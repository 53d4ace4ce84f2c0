import type { Scenario } from "../core/rehearse/measure/scenario.ts";
import lostHost from "./lost_host.ts";

/** A whole cluster of three is killed under load: its users find other clusters, and go home without a storm. */
export default {
  ...lostHost,
  name: "lost_cluster",
  about:
    "a cluster of three is killed under load and comes back: its users find others, and go home without a storm",
  hosts: { ...lostHost.hosts, bars: { disconnectPercent: 100 } },
  phases: [
    {
      ...lostHost.phases[0],
      seconds: 70,
      places: [
        { atS: 5, do: { what: "kill", name: "north" } },
        { atS: 35, do: { what: "start", name: "north" } },
      ],
    },
  ],
} satisfies Scenario;
