import type { Scenario } from "../core/rehearse/measure/scenario.ts";

/** A tenth hammers, a tenth never reads, drips or stops halfway: the others don't notice, and the slow ones are closed. */
export default {
  name: "bad_clients",
  about: "a fifth of the users misbehaves, in every way that is known, among users who don't",
  users: 19_000,
  connectsPerS: 4_000,
  server: {
    set: { "throttle.mostLevel": 2, "throttle.connectionPerS": 2, "throttle.connectionBurst": 10 },
    flags: { "login-seconds": 5, "frame-seconds": 5, "read-seconds": 5 },
  },
  fleet: {
    shakeEveryS: [5, 10],
    misbehave: { hammer: 0.1, "never-read": 0.03, drip: 0.03, half: 0.03, crowd: 0.01 },
  },
  phases: [
    {
      name: "among_bad",
      seconds: 20,
      shakesPerS: 0,
      packets: { ratePerS: 200 },
      thresholds: {
        goodPercent: { atLeast: 99 },
        admittedP99Ms: { atMost: 100 },
        disconnects: { atMost: 0 },
        closedBad: { atLeast: 1 },
        won: { atLeast: 1 },
      },
    },
  ],
} satisfies Scenario;
