import { z } from "zod";
import { flag, type Flags, type FlagValues, wholeNumber } from "../cli/flags.ts";
import { commandOf } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { ExitCode } from "../base/user_error.ts";
import { chooseEngine, ENGINE_CHOICES } from "../engine/choose.ts";
import { PRIORITY_CHOICES } from "../os/foreground.ts";
import { examine, verdictOf } from "./examine.ts";
import type { Need } from "./finding.ts";
import { type HostFacts, readHostFacts } from "./host_facts.ts";
import { report } from "./report.ts";

const ROLES = { server: ["server"], client: ["client"], both: ["server", "client"] } as const;

export const DOCTOR_FLAGS = {
  users: flag("N", "connections that the host is to hold", wholeNumber(1, 10_000_000).default(20_000)),
  role: flag(
    "NAME",
    "what runs here: server, client, or both against each other",
    z.enum(["server", "client", "both"]).default("both"),
  ),
  engine: flag(
    "NAME",
    `how bytes move: ${ENGINE_CHOICES.join(", ")}`,
    z.enum(ENGINE_CHOICES).default("auto"),
  ),
  port: flag("N", "port of the server", wholeNumber(1, 65_535).default(1025)),
  shakes: flag("N", "shakes a second of all users together", wholeNumber(0, 100_000_000).default(60_000)),
  priority: flag(
    "normal|first",
    "what --priority of server and client is to be",
    z.enum(PRIORITY_CHOICES).default("normal"),
  ),
  json: JSON_FLAG,
} satisfies Flags;

/** `redpkt doctor`: whether this host can carry so many users, and what to change. */
export const command = commandOf({
  name: "doctor",
  about: "Compares what this host is with what so many users need, and says what to change.\n" +
    "Exit code: 0 fine, 3 works with warnings, 2 can't work.",
  flags: DOCTOR_FLAGS,
  examples: [
    { line: "redpkt doctor", shows: "whether this machine can play 20,000 users against itself" },
    {
      line: "redpkt doctor --users 1000000 --role server",
      shows: "what an access host with a million users lacks",
    },
  ],
}, (host, values) => diagnose(host, values, readHostFacts()));

/** Writes the report and returns the exit code. */
export function diagnose(host: Host, options: FlagValues<typeof DOCTOR_FLAGS>, facts: HostFacts): number {
  const need: Need = {
    users: options.users,
    roles: ROLES[options.role],
    engine: chooseEngine(options.engine, () => {}),
    port: options.port,
    shakesPerS: options.shakes,
    priority: options.priority,
  };
  const findings = examine(facts, need);
  const verdict = verdictOf(findings);
  writeResult(host, options.json, { verdict, need, findings, facts }, () => report(need, findings));
  return { ok: ExitCode.ok, warning: ExitCode.warned, impossible: ExitCode.usage }[verdict];
}
