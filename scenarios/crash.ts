import type { Scenario } from "../core/rehearse/measure/scenario.ts";
import plan from "./plans/crash.json" with { type: "json" };

/**
 * Under load the server is killed again and again. Afterwards every award that anybody saw is in the ledger, once, and
 * every sponsor's budget is somewhere.
 */
export default {
  name: "crash",
  about: "the server is killed five times while everyone shakes, then seeds, ledger and fleet are compared",
  users: 3_000,
  connectsPerS: 5_000,
  plan,
  phases: [
    {
      name: "killed",
      seconds: 30,
      shakesPerS: 5_000,
      kills: 5,
      thresholds: { won: { atLeast: 1_000 } },
    },
    // Long enough for everyone to come back and hear of what is theirs. What came due meanwhile is released now.
    {
      name: "back",
      seconds: 12,
      shakesPerS: 1_000,
      thresholds: { answeredPercent: { atLeast: 100 }, disconnects: { atMost: 0 } },
    },
  ],
} satisfies Scenario;
