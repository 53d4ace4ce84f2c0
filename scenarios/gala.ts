import type { Scenario } from "../core/rehearse/measure/scenario.ts";
import plan from "./plans/demo.json" with { type: "json" };

/** The public prototype's proof: everybody connects, then 30,000 and 60,000 shakes a second with about 200 packets a second. */
export default {
  name: "gala",
  about: "everyone connects, then shakes at 30,000 and at 60,000 a second",
  users: 20_000,
  connectsPerS: 10_000,
  // Deno's own sockets cost several times as much a shake.
  engineShare: { deno: 0.25 },
  plan,
  phases: [
    {
      name: "shake_30k",
      seconds: 20,
      shakesPerS: 30_000,
      thresholds: {
        sentPercent: { atLeast: 99 },
        answeredPercent: { atLeast: 100 },
        overloadedPercent: { atMost: 0 },
        disconnects: { atMost: 0 },
        won: { atLeast: 1 },
        p99Ms: { atMost: 50 },
      },
    },
    {
      name: "shake_60k",
      seconds: 20,
      shakesPerS: 60_000,
      thresholds: {
        sentPercent: { atLeast: 99 },
        answeredPercent: { atLeast: 100 },
        overloadedPercent: { atMost: 0 },
        disconnects: { atMost: 0 },
        won: { atLeast: 1 },
        p99Ms: { atMost: 500 },
      },
    },
  ],
} satisfies Scenario;
