import { definePlugin, z } from "../../core/plugin/plugin.ts";
import { ThrottleHost } from "./host_half.ts";
import { ThrottleSet } from "./set_half.ts";

const config = z.strictObject({
  /** Most shakes a second that the host takes. */
  hostPerS: z.number().min(1).max(100_000_000).default(1_000_000),
  /** Most shakes a second of one connection, and how many may come at once. */
  connectionPerS: z.number().min(0.01).max(1_000_000).default(100),
  connectionBurst: z.number().min(1).max(1_000_000).default(200),
});

export type ThrottleConfig = z.infer<typeof config>;

/** Answers "overloaded" to what exceeds a cap, before it costs anything. */
export default definePlugin({
  name: "throttle",
  config,
  metrics: {
    throttleAdmitted: { kind: "counter", help: "Shakes that were admitted" },
    throttleByConnection: { kind: "counter", help: "Shakes refused by the cap of their connection" },
    throttleByHost: { kind: "counter", help: "Shakes refused by the cap of the host" },
  },
  create: (set, config) => new ThrottleSet(set, config),
  control: (host, config) => new ThrottleHost(host, config),
});
