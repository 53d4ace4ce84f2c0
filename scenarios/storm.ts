import type { Scenario } from "../core/rehearse/measure/scenario.ts";

/** The server dies with everybody on, and comes back: they return spread over time, and it doesn't fall again. */
export default {
  name: "storm",
  about: "the server is killed and started again under all its users",
  users: 200_000,
  connectsPerS: 10_000,
  server: { set: { "throttle.mostLevel": 2, "throttle.acceptsPerS": 12_000 } },
  fleet: { shakeEveryS: [5, 10] },
  phases: [
    {
      name: "before",
      seconds: 10,
      shakesPerS: 0,
      thresholds: { goodPercent: { atLeast: 99 }, disconnects: { atMost: 0 } },
    },
    {
      name: "crash",
      seconds: 100,
      shakesPerS: 0,
      kills: 1,
      thresholds: {
        backAfterS: { atMost: 60 },
        readyPercent: { atLeast: 100 },
        dialErrors: { atMost: 0 },
      },
    },
    {
      name: "after",
      seconds: 10,
      shakesPerS: 0,
      thresholds: { goodPercent: { atLeast: 99 }, disconnects: { atMost: 0 } },
    },
  ],
} satisfies Scenario;
