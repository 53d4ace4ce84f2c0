import type { Scenario } from "../core/rehearse/measure/scenario.ts";

/** A dozen hosts in three clusters, one of which is killed under load and comes back: only its own users notice. */
export default {
  name: "lost_host",
  about: "a host of twelve is killed under load and comes back: its users alone move, and go home again",
  users: 3_000,
  connectsPerS: 2_000,
  protocol: 1,
  hosts: {
    clusters: [
      { name: "north", city: "beijing", hosts: 4 },
      { name: "east", city: "shanghai", hosts: 4 },
      { name: "south", city: "shenzhen", hosts: 4 },
    ],
    moveS: 10,
    backS: 15,
    bars: { disconnectPercent: 15 },
  },
  phases: [
    {
      name: "evening",
      seconds: 60,
      shakesPerS: 600,
      packets: { ratePerS: 2, minFen: 1, maxFen: 200 },
      behaviour: { openAfterMs: [0, 8_000] },
      places: [
        { atS: 5, do: { what: "kill", name: "east-2" } },
        { atS: 25, do: { what: "start", name: "east-2" } },
      ],
    },
  ],
} satisfies Scenario;
