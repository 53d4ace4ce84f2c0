import { z } from "zod";
import { allowHostFlag } from "../admin/host_name.ts";
import { httpAddress } from "../admin/http_address.ts";
import { flag, type Flags, type FlagValues, listFlag, switchFlag, wholeNumber } from "../cli/flags.ts";
import { parseTarget, type TargetSpec } from "./collect/target_list.ts";

/** Targets as a flag names them. */
export const targetList = z.array(z.string()).default([]).transform((texts, context): TargetSpec[] => {
  const all: TargetSpec[] = [];
  for (const text of texts.flatMap((each) => each.split(","))) {
    const list = parseTarget(text.trim());
    if ("targets" in list) all.push(...list.targets);
    else context.addIssue({ code: "custom", message: list.problem });
  }
  return all;
});

/** The flags of `redpkt monitor`. */
export const MONITOR_FLAGS = {
  target: {
    ...listFlag("LIST", "admin or control APIs to watch: HOST:PORT, a range, or several [127.0.0.1:8989]"),
    schema: targetList,
  },
  targets: flag(
    "FILE",
    "file of targets, one a line with a name if wanted; read again when it changes",
    z.string().optional(),
  ),
  hosts: flag(
    "FILE",
    "signed host list: watches every host whose admin API it tells, by cluster and city; read again when it changes",
    z.string().min(1).optional(),
  ),
  "hosts-keys": flag("DIR", "folder of keys: whose host lists count", z.string().min(1).default("keys")),
  web: flag(
    "HOST:PORT",
    "address of the page, port 0 for any free one [127.0.0.1:8002]",
    httpAddress("127.0.0.1:8002").prefault("127.0.0.1:8002"),
  ),
  "allow-host": allowHostFlag("the page"),
  console: flag(
    "DIR",
    "folder of a console (redpkt show): the page directs its show; with --keys and --bus",
    z.string().min(1).optional(),
  ),
  keys: flag("DIR", "with --console: folder of its keys", z.string().min(1).default("keys")),
  bus: listFlag("URL", "with --console: path to the hosts, as redpkt show takes it; may be repeated"),
  "no-web": switchFlag("serve no page"),
  headless: switchFlag(
    "print a line a second instead of the terminal view (so it is where there is no terminal)",
  ),
  json: switchFlag("with --headless: print JSON lines"),
  record: flag("FILE", "write everything to an SQLite file", z.string().optional()),
  replay: flag("FILE", "show what --record wrote instead of watching", z.string().optional()),
  speed: flag(
    "N",
    "with --replay: seconds of the record a second, 0 for all at once",
    wholeNumber(0, 3_600).default(0),
  ),
  seconds: flag("N", "end after so many seconds, 0 for never", wholeNumber(0, 31_536_000).default(0)),
} satisfies Flags;

export type MonitorOptions = FlagValues<typeof MONITOR_FLAGS>;
