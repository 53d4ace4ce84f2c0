import type { Scenario } from "../core/rehearse/measure/scenario.ts";

/** Users win at several hosts, more than they may keep; what they opened is settled and paid while the gateway fails. */
export default {
  name: "books",
  about:
    "three servers, users of two fleets who win at several of them, settlement, payout and a gateway that fails",
  users: 300,
  protocol: 1,
  server: { set: { "shake.sponsors": 8 } },
  books: {
    hosts: 3,
    fleets: 2,
    overLimitAtLeast: 1,
    settlers: 2,
    payers: 2,
    gateway: { fail: 2, refuse: 1, timeoutBefore: 1, timeoutAfter: 1 },
  },
  phases: [
    { name: "win", seconds: 8, shakesPerS: 600, packets: { ratePerS: 60, minFen: 1, maxFen: 500 } },
  ],
} satisfies Scenario;
