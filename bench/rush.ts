/**
 * Sending and claiming through real processes on this machine: `deno task bench:rush`. Everybody races for one packet;
 * for many packets at once; and packets that the host sends itself beside a gala's shakes. `docs/benchmarks.md` says how
 * to read it.
 */
import { builtIn } from "../plugins/built_in.ts";
import { z } from "zod";
import { flag, type Flags, type FlagValues, parseFlags, wholeNumber } from "../core/cli/flags.ts";
import { toolHelp } from "../core/cli/command/help_text.ts";
import type { Host } from "../core/cli/host.ts";
import { processHost } from "../core/cli/process_host.ts";
import { formatCount } from "../core/base/units.ts";
import { UserError } from "../core/base/user_error.ts";
import { chooseEngine, connectionLimit, ENGINE_CHOICES } from "../core/engine/choose.ts";
import { checkTable } from "../core/rehearse/tables.ts";
import { type Found, runBench } from "./common/bench_result.ts";
import { runBurst } from "./rush/burst.ts";
import { runMany } from "./rush/many.ts";
import { runNotices } from "./rush/notices.ts";
import { runOne } from "./rush/one.ts";

/** Descriptors that stay free where each user needs one. */
const SPARE_DESCRIPTORS = 700;

const MODES = {
  one: { users: 100_000, run: runOne },
  many: { users: 20_000, run: runMany },
  burst: { users: 20_000, run: runBurst },
  notices: { users: 15_000, run: runNotices },
} as const;
type Mode = keyof typeof MODES;

const FLAGS = {
  mode: flag(
    "LIST",
    "one: all claim of one packet; many: 1,000 open packets; burst: 1,000 at once; notices: the host's own sends beside shakes",
    z.string().default(Object.keys(MODES).join(",")).transform((text, context) => {
      const names = text.split(",");
      if (names.every((name): name is Mode => Object.hasOwn(MODES, name))) return names;
      context.addIssue({ code: "custom", message: `there are ${Object.keys(MODES).join(", ")}` });
      return z.NEVER;
    }),
  ),
  users: flag("N", "users, 0 for as many as the mode wants", wholeNumber(0, 100_000).default(0)),
  engine: flag(
    "NAME",
    `how bytes move: ${ENGINE_CHOICES.join(", ")}`,
    z.enum(ENGINE_CHOICES).default("auto"),
  ),
  pairs: flag("N", "mode notices: pairs of windows with and without sends", wholeNumber(1, 99).default(9)),
  out: flag("FILE", "the results as JSON", z.string().default("out/rush.json")),
} satisfies Flags;
export type RushOptions = FlagValues<typeof FLAGS>;

async function main(host: Host): Promise<number> {
  const { values, wantsHelp } = parseFlags(host.args, FLAGS);
  if (wantsHelp) {
    host.out(toolHelp("deno task bench:rush [FLAGS]", "Sending and claiming on this machine.", FLAGS));
    return 0;
  }
  const engine = chooseEngine(values.engine, () => {});
  const most = engine === "uring" ? connectionLimit(engine) : connectionLimit(engine) - SPARE_DESCRIPTORS;
  return await runBench("bench:rush", values.out, async () => {
    const found: Found[] = [];
    for (const mode of values.mode) {
      const users = Math.min(values.users || MODES[mode].users, most);
      host.out(`\n${mode}: ${formatCount(users)} users, engine ${engine}\n`);
      const one = await MODES[mode].run(host, engine, users, values);
      host.out(checkTable(one.checks));
      found.push(one);
    }
    const checks = found.flatMap(({ checks }) => checks);
    return {
      isPass: checks.every(({ isMet }) => isMet),
      figures: found.flatMap(({ figures }) => figures),
      details: { engine, checks },
    };
  });
}

const host = processHost({ entry: new URL("../main.ts", import.meta.url).href, ...builtIn });
try {
  Deno.exit(await main(host));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  host.err(`bench:rush: ${error.message}\n`);
  Deno.exit(error.exitCode);
}
