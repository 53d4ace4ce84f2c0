import { z } from "zod";
import { UserError } from "../../base/user_error.ts";
import { environmentOf } from "./environment.ts";
import { flag, type Flags, readFlags, switchFlag } from "../flags.ts";
import type { Host } from "../host.ts";
import { LOG_FORMATS, LOG_LEVELS } from "../log.ts";

/** What every command takes: how much it says besides its result. */
export const EVERYWHERE = {
  quiet: switchFlag("says nothing of progress, and warnings and errors alone"),
  "log-level": flag(
    "LEVEL",
    `least level that is logged: ${LOG_LEVELS.join(", ")}`,
    z.enum(LOG_LEVELS).optional(),
    "info",
  ),
  "log-format": flag(
    "FORMAT",
    `how: ${LOG_FORMATS.join(", ")}`,
    z.enum(LOG_FORMATS).optional(),
    "text on a terminal, else json",
  ),
} satisfies Flags;

/**
 * Takes these flags out of a command line; the environment has them as `REDPKT_QUIET` and so on.
 *
 * @returns the other arguments, and the host that says no more than was asked for
 * @throws UserError
 */
export function quieted(host: Host, args: readonly string[]): { host: Host; args: readonly string[] } {
  const ours: string[] = [];
  const others: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const name = /^--([a-z-]+)(?:=|$)/.exec(args[i])?.[1] ?? "";
    const mine = Object.hasOwn(EVERYWHERE, name) ? EVERYWHERE[name as keyof typeof EVERYWHERE] : undefined;
    (mine === undefined ? others : ours).push(args[i]);
    if (mine !== undefined && "value" in mine && !args[i].includes("=") && i + 1 < args.length) {
      ours.push(args[++i]);
    }
  }
  const { values: given, problems } = readFlags(ours, EVERYWHERE, [environmentOf(host, EVERYWHERE)]);
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  const isQuiet = given.quiet === true;
  const logging = {
    isQuiet,
    level: given["log-level"] ?? (isQuiet ? "warn" as const : "info" as const),
    format: given["log-format"],
  };
  return {
    args: others,
    host: {
      ...host,
      get columns() {
        return host.columns;
      },
      logging,
    },
  };
}
