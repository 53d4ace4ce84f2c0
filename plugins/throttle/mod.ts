import { definePlugin } from "../../core/plugin/plugin.ts";
import { charts } from "./common/charts.ts";
import { config } from "./common/config.ts";
import { ThrottleHost } from "./host/host_plugin.ts";
import { door } from "./door/door.ts";
import { evening } from "./common/evening.ts";
import { rehearsal } from "./common/rehearsal.ts";
import { warnings } from "./common/warnings.ts";
import { ThrottleSet } from "./set/set_plugin.ts";

/** Answers "overloaded" to what exceeds a cap, before it costs anything; reads less when that alone can't help. */
export default definePlugin({
  name: "throttle",
  config,
  charts,
  rehearsal,
  evening,
  door,
  warnings,
  metrics: {
    throttleAdmitted: { kind: "counter", help: "Shakes that were admitted" },
    throttleByConnection: { kind: "counter", help: "Frames refused by the cap of their connection or user" },
    throttleByHost: { kind: "counter", help: "Frames refused by the cap of the host" },
    throttleByDelay: { kind: "counter", help: "Frames refused by the limit that follows the queueing delay" },
    throttleByLevel: { kind: "counter", help: "Frames refused since the level lets no such frame in" },
    throttleStale: { kind: "counter", help: "Shakes dropped unanswered since they had waited too long" },
    throttleUnanswered: { kind: "counter", help: "Refused frames that were dropped without an answer" },
    throttleLoginsByHost: { kind: "counter", help: "Logins refused by the rate of the host" },
    throttleLoginsByUser: { kind: "counter", help: "Logins refused since the user tries too often" },
    throttleLoginsBanned: { kind: "counter", help: "Logins refused since the show bans the user" },
    throttleClosedBanned: { kind: "counter", help: "Connections closed since the show bans their user" },
    throttleByMute: { kind: "counter", help: "Shakes refused since the show mutes the user" },
    throttleBanned: { kind: "gauge", help: "Users whom the show bans or mutes now" },
    throttleLevelRises: { kind: "counter", help: "Times that the measured delay raised the level of a SET" },
    throttleSetsStrained: { kind: "gauge", help: "SETs at level 1" },
    throttleSetsReadingLess: { kind: "gauge", help: "SETs at level 2" },
    throttleSetsClaimsOnly: { kind: "gauge", help: "SETs at level 3" },
    throttleWaitUs: {
      kind: "histogram",
      help: "Microseconds that a handled frame waited in the kernel at most",
    },
  },
  create: (set, config) => new ThrottleSet(set, config),
  control: (host, config) => new ThrottleHost(host, config),
});
