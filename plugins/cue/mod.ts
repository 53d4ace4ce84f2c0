import { definePlugin } from "../../core/plugin/plugin.ts";
import { charts } from "./charts.ts";
import { config } from "./config.ts";
import { evening } from "./evening.ts";
import { CueHost } from "./host_plugin.ts";
import { measures } from "./measures.ts";
import { rehearsal } from "./rehearsal.ts";
import { CueSet } from "./set_plugin.ts";

/** Tells users of version 1 when to shake and how often, and tells them again when that changes. */
export default definePlugin({
  name: "cue",
  config,
  charts,
  measures,
  rehearsal,
  evening,
  metrics: {
    cueChanges: { kind: "counter", help: "Changes of the cue or the policy that users are told of" },
    cueToldInTurn: { kind: "counter", help: "Users told of a change in their turn" },
    cueToldWithAnswer: { kind: "counter", help: "Users told of a change with an answer to something else" },
    cueToldAtLogin: { kind: "counter", help: "Users told of the cue and the policy at their login" },
    cueSetsTelling: { kind: "gauge", help: "SETs that are telling their users of a change" },
  },
  create: (set, config) => new CueSet(set, config),
  control: (host, config) => new CueHost(host, config),
});
