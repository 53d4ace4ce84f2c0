/** The plugins, scenarios and plans that come with redpkt. Each is loaded when somebody wants it. */
import type { Program } from "../core/cli/host.ts";

export const builtIn: Omit<Program, "entry" | "command"> = {
  plugins: {
    cue: () => import("./cue/mod.ts"),
    seed: () => import("./seed/mod.ts"),
    send: () => import("./send/mod.ts"),
    shake: () => import("./shake/mod.ts"),
    throttle: () => import("./throttle/mod.ts"),
  },
  defaultPlugins: ["throttle", "shake", "cue"],
  ticketPlugin: "seed",
  scenarios: {
    gala: () => import("../scenarios/gala.ts"),
    crash: () => import("../scenarios/crash.ts"),
    overload: () => import("../scenarios/overload.ts"),
    bad_clients: () => import("../scenarios/bad_clients.ts"),
    late_show: () => import("../scenarios/late_show.ts"),
    storm: () => import("../scenarios/storm.ts"),
    follow: () => import("../scenarios/follow.ts"),
    group_rush: () => import("../scenarios/group_rush.ts"),
    books: () => import("../scenarios/books.ts"),
    cheats: () => import("../scenarios/cheats.ts"),
    roaming: () => import("../scenarios/roaming.ts"),
    lost_host: () => import("../scenarios/lost_host.ts"),
    lost_cluster: () => import("../scenarios/lost_cluster.ts"),
    lost_city: () => import("../scenarios/lost_city.ts"),
    rolling: () => import("../scenarios/rolling.ts"),
    soak: () => import("../scenarios/soak.ts"),
  },
  plans: {
    gala_2015: () => import("../scenarios/plans/gala_2015.json", { with: { type: "json" } }),
  },
};
