import type { Scenario } from "../core/rehearse/measure/scenario.ts";
import plan from "./plans/late_show.json" with { type: "json" };

/**
 * A live show that runs late. Its first wave is moved twice and held, the console dies in the middle of a word and another
 * one takes over, one of the two paths is gone, the host is killed, and a wave is cut. What was cut stays with its sponsors.
 */
export default {
  name: "late_show",
  about: "a show is moved twice, held, taken over and cut, while a path and the host are killed",
  users: 1_000,
  connectsPerS: 2_000,
  plan,
  phases: [
    {
      name: "opening",
      seconds: 50,
      shakesPerS: 2_000,
      show: [
        { atS: 0, do: { what: "begin", wave: "opening", inS: 12 } },
        { atS: 3, do: { what: "shift", byS: 4 } },
        { atS: 6, do: { what: "shift", byS: 2 } },
        { atS: 21, do: { what: "hold" } },
        { atS: 24, do: { what: "killConsole" } },
        { atS: 29, do: { what: "killPath" } },
        { atS: 30, do: { what: "killServer" } },
      ],
      thresholds: { won: { atLeast: 50 } },
    },
    {
      name: "finale",
      seconds: 40,
      shakesPerS: 2_000,
      show: [
        { atS: 0, do: { what: "cut", wave: "middle" } },
        { atS: 4, do: { what: "begin", wave: "finale", inS: 6 } },
      ],
      thresholds: { won: { atLeast: 100 } },
    },
  ],
} satisfies Scenario;
