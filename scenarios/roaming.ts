import type { Scenario } from "../core/rehearse/measure/scenario.ts";

/** Honest users move between a dozen hosts all evening: nobody wins more than they may, at the award already. */
export default {
  name: "roaming",
  about: "users move between a dozen hosts and show their passes: nobody wins more than they may",
  users: 300,
  protocol: 1,
  server: { set: { "shake.sponsors": 8 } },
  books: { hosts: 12, fleets: 1, backend: "sqlite", roamS: [1, 4], overLimitAtMost: 0 },
  phases: [
    { name: "move", seconds: 30, shakesPerS: 300, packets: { ratePerS: 2, minFen: 1, maxFen: 500 } },
  ],
} satisfies Scenario;
