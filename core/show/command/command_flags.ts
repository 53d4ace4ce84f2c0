import { z } from "zod";
import { flag, type Flags, listFlag, switchFlag, wholeNumber } from "../../cli/flags.ts";
import { JSON_FLAG } from "../../cli/json_output.ts";
import { eventName } from "../document.ts";
import { parseSpan } from "../console/arguments.ts";

const span = z.string().transform((text, context) => {
  const ms = parseSpan(text);
  if (ms !== undefined && ms >= 0) return ms;
  context.addIssue({ code: "custom", message: "must be a time such as 10s or 1.5m" });
  return z.NEVER;
}).optional();

const instant = z.iso.datetime({ offset: true, error: "must be a time such as 2027-02-06T20:30:00+08:00" })
  .transform((text) => Date.parse(text)).optional();

/** Flags of `redpkt show`. */
export const CONSOLE_FLAGS = {
  console: flag("DIR", "folder of this console", z.string().min(1).default("console")),
  keys: flag(
    "DIR",
    "folder of keys: signs with signing.pem, believes trusted/",
    z.string().min(1).default("keys"),
  ),
  bus: listFlag(
    "URL",
    "path to the hosts: nats://HOST,HOST,HOST, file:DIR or http://HOST:PORT,HOST:PORT; may be repeated",
  ),
  approve: listFlag(
    "DIR",
    "folder with the key of a second person, who approves a changed plan; may be repeated",
  ),
  in: flag("TIME", "when it is to be, from now on, such as 10s", span),
  at: flag("TIME", "when it is to be, such as 2027-02-06T20:30:00+08:00", instant),
  for: flag("TIME", "ban, mute: how long, 30 days at most [1h]", span),
  quorum: flag(
    "PERCENT",
    "hosts that must be able to play a change before it counts, in percent",
    wholeNumber(0, 100).default(90),
  ),
  "confirm-ms": flag("N", "how long all hosts have to acknowledge", wholeNumber(50, 600_000).default(1_000)),
  replace: switchFlag("takes the place of a change that waits for its time"),
  plan: flag("FILE", "init: the plan of money, whose waves are played", z.string().min(1).optional()),
  event: flag("NAME", "init, takeover: which event", eventName.optional()),
  "needs-go": flag(
    "LIST",
    "init: waves that begin at the director's go alone",
    z.string().transform((text) => text.split(",").filter((name) => name !== "")).default([]),
    "none",
  ),
  protect: flag(
    "LIST",
    "init: users whom nobody can ban, such as 1-100,777",
    z.string().transform((text) => text.split(",")).optional(),
  ),
  out: flag(
    "FILE",
    "push: writes the newest document there too, to be carried",
    z.string().min(1).optional(),
  ),
  who: flag("NAME", "who acts, for the journal [the user's name]", z.string().min(1).max(60).optional()),
  "dry-run": switchFlag("changes nothing: plays it with model hosts, to the end of the evening"),
  hosts: flag("N", "dry run: model hosts", wholeNumber(1, 1_000).default(50)),
  json: JSON_FLAG,
} satisfies Flags;
