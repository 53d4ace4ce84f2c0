import type { Scenario } from "../core/rehearse/measure/scenario.ts";

/** Hours of the same: what leaks a little, or gets a little slower, shows. `--hours` says how many. */
export default {
  name: "soak",
  about: "everybody shakes on for hours, and neither memory nor p99 grows",
  users: 20_000,
  connectsPerS: 10_000,
  engineShare: { deno: 0.25 },
  phases: [
    { name: "warm", seconds: 60, shakesPerS: 10_000, packets: { ratePerS: 20 } },
    {
      name: "soak",
      seconds: 3_600,
      shakesPerS: 10_000,
      packets: { ratePerS: 20 },
      thresholds: {
        sentPercent: { atLeast: 99 },
        answeredPercent: { atLeast: 100 },
        overloadedPercent: { atMost: 0 },
        disconnects: { atMost: 0 },
        won: { atLeast: 1 },
        // 72,000 awards an hour are some 3 MB of what the ledger knows.
        memoryMbPerH: { atMost: 20 },
        p99MsPerH: { atMost: 5 },
      },
    },
  ],
} satisfies Scenario;
