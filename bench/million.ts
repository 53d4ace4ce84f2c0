/**
 * A million connections between one server process and one client process on this machine: `deno task bench:million`.
 * `docs/benchmarks.md` says how to read it.
 */
import { builtIn } from "../plugins/built_in.ts";
import { z } from "zod";
import { flag, type Flags, type FlagValues, parseFlags, switchFlag, wholeNumber } from "../core/cli/flags.ts";
import { toolHelp } from "../core/cli/command/help_text.ts";
import type { Host } from "../core/cli/host.ts";
import { processHost } from "../core/cli/process_host.ts";
import { formatCount } from "../core/base/units.ts";
import { UserError } from "../core/base/user_error.ts";
import { chooseEngine, connectionLimit, ENGINE_CHOICES } from "../core/engine/choose.ts";
import { type Outcome, runBench } from "./common/bench_result.ts";
import { runBeside } from "./million/beside.ts";
import { runIdle, runStop } from "./million/idle.ts";
import { runLoad } from "./million/load.ts";
import { connectionTable, runInside } from "./million/namespace.ts";
import type { Load, Setting } from "./million/setting.ts";

/** Users if nobody says how many. */
const USERS = { load: 1_000_000, beside: 1_000_000, idle: 100_000, stop: 1_000_000 } as const;
/** Descriptors that stay free where each user needs one. */
const SPARE_DESCRIPTORS = 500;

const FLAGS = {
  mode: flag(
    "NAME",
    "load: connect and shake; beside: active users beside idle ones; idle: CPU of an idle server; stop: SIGTERM",
    z.enum(["load", "beside", "idle", "stop"]).default("load"),
  ),
  users: flag(
    "N",
    "users, 0 for a million or as many as descriptors allow",
    wholeNumber(0, 10_000_000).default(0),
  ),
  loads: flag(
    "LIST",
    "shakes a second and for how many seconds, such as 30000:20,60000:60",
    z.string().default("60000:60").transform(readLoads),
  ),
  active: flag("N", "users that shake, in mode beside", wholeNumber(1, 10_000_000).default(15_000)),
  engine: flag(
    "NAME",
    `how bytes move: ${ENGINE_CHOICES.join(", ")}`,
    z.enum(ENGINE_CHOICES).default("auto"),
  ),
  table: flag(
    "N",
    "buckets of the connection table, in a network namespace of its own; 0 for the host's",
    wholeNumber(0, 1 << 24).default(1 << 23),
  ),
  "lean-tcp": switchFlag(
    "in that namespace, TCP without what single small frames don't need; see docs/benchmarks.md",
  ),
  "connect-rate": flag("N", "connects a second", wholeNumber(1, 1_000_000).default(40_000)),
  "server-workers": flag("N", "threads of the server", wholeNumber(1, 256).default(1)),
  "client-workers": flag("N", "threads of the fleet", wholeNumber(1, 256).default(1)),
  out: flag("FILE", "the results as JSON", z.string().default("out/million.json")),
  json: switchFlag("prints them too"),
} satisfies Flags;
type Options = FlagValues<typeof FLAGS>;

function readLoads(text: string, context: z.RefinementCtx): Load[] {
  return text.split(",").map((item) => {
    const match = /^(\d+):(\d+)$/.exec(item);
    if (match === null) {
      context.addIssue({ code: "custom", message: "must be RATE:SECONDS, several with commas between" });
      return z.NEVER;
    }
    return { shakesPerS: Number(match[1]), seconds: Number(match[2]) };
  });
}

async function main(host: Host): Promise<number> {
  const { values, wantsHelp } = parseFlags(host.args, FLAGS);
  if (wantsHelp) {
    host.out(toolHelp("deno task bench:million [FLAGS]", "A million connections on this machine.", FLAGS));
    return 0;
  }
  if (values["lean-tcp"] && values.table === 0) {
    throw new UserError("--lean-tcp: is set in a namespace of its own, so not with --table 0");
  }
  if (values.table > 0 && !connectionTable(host).isOwn) {
    const result = await runInside(host, import.meta.url, values.table, values["lean-tcp"]);
    if (typeof result === "number") return result;
    host.out(`on the host's own connection table: ${result}\n`);
  }
  return await runBench("bench:million", values.out, async () => {
    const setting = settingOf(host, values);
    host.out(headline(setting, values));
    const { details, ...outcome } = await play(setting, values);
    const result = {
      ...outcome,
      details: { mode: values.mode, ...plain(setting), table: connectionTable(host), ...details },
    };
    if (values.json) host.out(JSON.stringify(result, null, 2) + "\n");
    return result;
  });
}

function settingOf(host: Host, options: Options): Setting {
  const engine = chooseEngine(options.engine, (_level, _event, fields) => {
    if (fields?.reason !== undefined) host.err(`engine ${fields.engine}: ${fields.reason}\n`);
  });
  const most = engine === "uring" ? connectionLimit(engine) : connectionLimit(engine) - SPARE_DESCRIPTORS;
  return {
    host,
    engine,
    users: options.users || Math.min(USERS[options.mode], most),
    connectsPerS: options["connect-rate"],
    serverWorkers: options["server-workers"],
    clientWorkers: options["client-workers"],
  };
}

function plain({ host: _host, ...rest }: Setting) {
  return rest;
}

function headline({ host, users, engine, serverWorkers, clientWorkers }: Setting, { mode }: Options): string {
  const { buckets, isOwn, isLean } = connectionTable(host);
  const where = isOwn ? "in a network namespace of its own" : "the host's";
  const size = buckets === undefined ? "unknown size" : `${formatCount(buckets)} buckets`;
  return `bench:million ${mode}: ${
    formatCount(users)
  } users, engine ${engine}, ${serverWorkers} + ${clientWorkers} workers; ` +
    `connection table: ${size}, ${where}${isLean ? ", with a lean TCP" : ""}\n`;
}

function play(setting: Setting, { mode, loads, active }: Options): Promise<Outcome> {
  switch (mode) {
    case "load":
      return runLoad(setting, loads);
    case "beside":
      return runBeside(setting, loads[0], active);
    case "idle":
      return runIdle(setting);
    case "stop":
      return runStop(setting);
  }
}

const host = processHost({ entry: new URL("../main.ts", import.meta.url).href, ...builtIn });
try {
  Deno.exit(await main(host));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  host.err(`bench:million: ${error.message}\n`);
  Deno.exit(error.exitCode);
}
