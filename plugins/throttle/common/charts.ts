import { delta, gauge, type PluginChart } from "../../../core/plugin/plugin.ts";
import { LEVEL_GAUGES } from "./levels.ts";

/** What is refused or shed, by which limit, and at which level. */
export const charts: readonly PluginChart[] = [
  {
    id: "limits",
    lines: [
      delta("of the host", "server", "throttleByHost"),
      delta("of a connection or user", "server", "throttleByConnection"),
      delta("the queue's delay", "server", "throttleByDelay"),
      delta("the level", "server", "throttleByLevel"),
      delta("logins of the host", "server", "throttleLoginsByHost"),
      delta("logins of a user", "server", "throttleLoginsByUser"),
      delta("logins of who is banned", "server", "throttleLoginsBanned"),
      delta("shakes of who is muted", "server", "throttleByMute"),
      delta("connections of an address, at gateways", "gateway", "throttleAcceptsByAddress"),
      delta("connections of all, at gateways", "gateway", "throttleAcceptsByHost"),
      delta("logins with a token, at gateways", "gateway", "throttleLoginsByUser"),
    ].map((line) => ({ ...line, before: "no room for a connection" })),
  },
  {
    id: "level",
    title: "Degradation level, the highest of any SET",
    unit: "count",
    after: "limits",
    lines: [{ label: "level", source: { kind: "highest", role: "server", metrics: LEVEL_GAUGES } }],
  },
  {
    id: "levels",
    isSparse: true,
    title: "SETs that shed, by level",
    unit: "count",
    after: "level",
    lines: [
      gauge("1 strained", "server", LEVEL_GAUGES[0]),
      gauge("2 reading less", "server", LEVEL_GAUGES[1]),
      gauge("3 claims only", "server", LEVEL_GAUGES[2]),
    ],
  },
  {
    id: "banned",
    isSparse: true,
    title: "Users whom the show bans or mutes",
    unit: "count",
    after: "limits",
    lines: [
      gauge("banned or muted", "server", "throttleBanned"),
      delta("closed for it", "server", "throttleClosedBanned"),
    ],
  },
  {
    id: "unanswered",
    lines: [
      delta("level raised", "server", "throttleLevelRises"),
      delta("waited too long", "server", "throttleStale"),
      delta("refused, and not told", "server", "throttleUnanswered"),
    ].map((line) => ({ ...line, before: "connections left unread for a pass" })),
  },
];
