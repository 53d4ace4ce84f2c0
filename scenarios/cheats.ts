import type { Scenario } from "../core/rehearse/measure/scenario.ts";

/**
 * Users hide their passes on a dozen hosts. Each wins 12 / 300 packets a second, and a host hears of it 1.1 s later: 3 times
 * that at most for each of 300 users are 40 packets too many, and twice that is the bar. None of them is paid.
 */
export default {
  name: "cheats",
  about:
    "users move between a dozen hosts and hide their passes: a few packets too many, and none of them paid",
  users: 300,
  protocol: 1,
  server: { set: { "shake.sponsors": 8 } },
  books: { hosts: 12, fleets: 1, backend: "sqlite", roamS: [1, 4], hidePasses: 1, overLimitAtMost: 80 },
  phases: [
    { name: "cheat", seconds: 40, shakesPerS: 300, packets: { ratePerS: 1, minFen: 1, maxFen: 500 } },
  ],
} satisfies Scenario;
