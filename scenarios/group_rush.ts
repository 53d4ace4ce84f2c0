import type { Scenario } from "../core/rehearse/measure/scenario.ts";

/** Groups of 500: somebody sends a packet of 100 shares to all, and everyone claims at once. */
export default {
  name: "group_rush",
  about: "packets of 100 shares to groups of 500, and everyone claims at once",
  users: 10_000,
  connectsPerS: 5_000,
  protocol: 1,
  server: { flags: { plugins: "throttle,shake,send" } },
  groupSize: 500,
  fundFen: 1_000_000,
  engineShare: { deno: 0.25 },
  phases: [
    {
      name: "rush",
      seconds: 20,
      shakesPerS: 0,
      behaviour: { sendsPerS: 10, sendFen: 20_000, shares: 100 },
      thresholds: {
        sendsDonePercent: { atLeast: 100 },
        claimsAnsweredPercent: { atLeast: 100 },
        claimsPaid: { atLeast: 15_000 },
        claimP99Ms: { atMost: 500 },
        disconnects: { atMost: 0 },
      },
    },
    {
      name: "chat",
      seconds: 10,
      shakesPerS: 1_000,
      packets: { ratePerS: 50 },
      behaviour: { sendsPerS: 5, sendFen: 20_000, shares: 100, chatsPerS: 10, claimAfterMs: [0, 2_000] },
      thresholds: {
        answeredPercent: { atLeast: 100 },
        claimsAnsweredPercent: { atLeast: 100 },
        disconnects: { atMost: 0 },
      },
    },
  ],
} satisfies Scenario;
