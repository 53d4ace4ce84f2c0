import type { Scenario } from "../core/rehearse/measure/scenario.ts";

/** A fifth of a core, and up to ten times what that can do: what is admitted is answered fast, and calm comes back. */
export default {
  name: "overload",
  about: "a server held to a fifth of a core is offered more and more, then little again",
  users: 19_000,
  connectsPerS: 2_000,
  server: {
    cores: 0.2,
    set: {
      "throttle.connectionPerS": 1_000,
      "throttle.connectionBurst": 2_000,
      "throttle.mostLevel": 2,
      "throttle.targetMs": 15,
      "throttle.staleMs": 40,
    },
  },
  // Shakes are dropped here, and version 1 answers say which shake they answer.
  protocol: 1,
  fleet: { inTimeMs: 100, patienceMs: 150, open: 1 },
  phases: [
    {
      name: "calm",
      seconds: 8,
      shakesPerS: 4_000,
      thresholds: { goodPercent: { atLeast: 95 }, disconnects: { atMost: 0 } },
    },
    {
      name: "twice",
      seconds: 8,
      shakesPerS: 25_000,
      thresholds: { disconnects: { atMost: 0 } },
    },
    {
      name: "more",
      seconds: 8,
      shakesPerS: 60_000,
      thresholds: { disconnects: { atMost: 0 } },
    },
    {
      name: "calm_again",
      seconds: 8,
      shakesPerS: 4_000,
      thresholds: { goodPercent: { atLeast: 75 }, disconnects: { atMost: 0 } },
    },
  ],
} satisfies Scenario;
