import type { Scenario } from "../core/rehearse/measure/scenario.ts";

/** Phones do as they are told: all keep to a new policy within 10 s, and begin to shake together at a cue. */
export default {
  name: "follow",
  about: "users are told how often to shake, then when",
  users: 20_000,
  connectsPerS: 5_000,
  protocol: 1,
  phases: [
    { name: "as_they_like", seconds: 5, shakesPerS: 10_000, thresholds: { disconnects: { atMost: 0 } } },
    {
      name: "told",
      seconds: 10,
      shakesPerS: 10_000,
      policy: { minShakeMs: 5_000, jitterMs: 1_000, retryFirstMs: 8_000, retryMostMs: 30_000 },
      thresholds: { disconnects: { atMost: 0 } },
    },
    {
      name: "at_its_pace",
      seconds: 10,
      shakesPerS: 40_000,
      thresholds: { tooSoonPercent: { atMost: 0 }, goodPercent: { atLeast: 90 } },
    },
    {
      name: "cue",
      seconds: 20,
      shakesPerS: 4_000,
      policy: { minShakeMs: 0 },
      cue: { inS: 10, lengthS: 8 },
      thresholds: { countdownErrorP99Ms: { atMost: 100 }, goodPercent: { atLeast: 90 } },
    },
  ],
} satisfies Scenario;
