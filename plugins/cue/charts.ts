import { delta, gauge, percentiles, type PluginChart } from "../../core/plugin/plugin.ts";

/** How a change reaches the users, and how well their countdown fits. */
export const charts: readonly PluginChart[] = [
  {
    id: "cues",
    isSparse: true,
    title: "Users told of a cue or a policy",
    unit: "perSecond",
    lines: [
      delta("in their turn", "server", "cueToldInTurn"),
      delta("with an answer", "server", "cueToldWithAnswer"),
      delta("at their login", "server", "cueToldAtLogin"),
      delta("shakes sooner than the policy", "client", "shakesTooSoon"),
      delta("changes", "server", "cueChanges"),
    ],
  },
  {
    id: "telling",
    isSparse: true,
    title: "SETs that tell their users of a change",
    unit: "count",
    after: "cues",
    lines: [gauge("telling", "server", "cueSetsTelling")],
  },
  {
    id: "countdown",
    isSparse: true,
    title: "How far users' countdowns are off",
    unit: "us",
    after: "telling",
    lines: percentiles("client", "countdownErrorUs", "", [50, 99]),
  },
];
