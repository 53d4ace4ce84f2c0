/**
 * How much CPU a shake costs, against a bare C server on the same machine under the same load: `deno task bench:floor`.
 * A figure alone means nothing where the machine's speed moves by a fifth; a ratio of neighbours does. `docs/benchmarks.md`
 * says how to read it.
 */
import { builtIn } from "../plugins/built_in.ts";
import { z } from "zod";
import { flag, type Flags, type FlagValues, parseFlags, switchFlag, wholeNumber } from "../core/cli/flags.ts";
import { toolHelp } from "../core/cli/command/help_text.ts";
import type { Host } from "../core/cli/host.ts";
import { processHost } from "../core/cli/process_host.ts";
import { UserError } from "../core/base/user_error.ts";
import { chooseEngine, type EngineChoice } from "../core/engine/choose.ts";
import { type Figure, figure, type Outcome, runBench } from "./common/bench_result.ts";
import { measure, MODES } from "./floor/load.ts";
import { comparePairs, type PairsResult, pairsTable } from "./floor/pairs.ts";
import { profile, PROFILE_ENVIRONMENT } from "./floor/profile.ts";
import { CAPS, PACKETS_PER_S, startFloor, startRedpkt, type Subject } from "./floor/servers.ts";
import { buildTools, type Tools } from "./floor/tools.ts";

const ENGINES = ["uring", "epoll"] as const;

const WARM_UP_SECONDS = 3;

const FLAGS = {
  engine: flag(
    "LIST",
    "engines to measure; absent: those that can run here",
    z.string().default("").transform((text) =>
      text.split(",").filter((name) => name !== "") as EngineChoice[]
    ),
  ),
  mode: flag(
    "LIST",
    `loads: ${MODES.map(({ name }) => name).join(", ")}`,
    z.string().default(MODES.map(({ name }) => name).join(",")).transform((text) => text.split(",")),
  ),
  pairs: flag("N", "pairs of windows", wholeNumber(1, 99).default(9)),
  seconds: flag("N", "length of a window", wholeNumber(1, 60).default(3)),
  connections: flag("N", "open connections", wholeNumber(500, 19_000).default(15_000)),
  out: flag("FILE", "JSON with every window", z.string().default("out/floor.json")),
  profile: switchFlag("shows where the time goes instead"),
} satisfies Flags;
type Options = FlagValues<typeof FLAGS>;

async function main(host: Host): Promise<number> {
  const { values, wantsHelp } = parseFlags(host.args, FLAGS);
  if (wantsHelp) {
    host.out(toolHelp("deno task bench:floor [FLAGS]", "CPU a shake against a bare C server.", FLAGS));
    return 0;
  }
  const modes = MODES.filter(({ name }) => values.mode.includes(name));
  if (modes.length !== values.mode.length) {
    throw new UserError(`--mode ${values.mode}: there are ${MODES.map(({ name }) => name).join(", ")}`);
  }
  if (!values.profile) {
    return await runBench("bench:floor", values.out, () => withTools(host, values, compareAll));
  }
  await withTools(host, values, profileAll);
  return 0;
}

async function withTools<T>(
  host: Host,
  options: Options,
  work: (
    host: Host,
    tools: Tools,
    engines: readonly EngineChoice[],
    options: Options,
    folder: string,
  ) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "redpkt-floor-" });
  try {
    const tools = await buildTools(folder);
    if ("why" in tools) {
      throw new UserError(`the programs to compare with can't be had: ${tools.why}`);
    }
    const engines = options.engine.length > 0 ? options.engine : runnable(host);
    return await work(host, tools, engines, options, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Engines that work here; of the others it is said why not. */
function runnable(host: Host): EngineChoice[] {
  return ENGINES.filter((engine) => {
    try {
      chooseEngine(engine, () => {});
      return true;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      host.out(`left out: ${error.message}\n`);
      return false;
    }
  });
}

async function compareAll(
  host: Host,
  tools: Tools,
  engines: readonly EngineChoice[],
  options: Options,
): Promise<Outcome> {
  const { pairs, seconds, connections } = options;
  host.out(
    `${connections} connections, ${pairs} pairs of windows of ${seconds} s; redpkt with one worker, plugins throttle ` +
      `and shake, ${PACKETS_PER_S} packets a second, caps ${JSON.stringify(CAPS)}\n\n`,
  );
  const results: PairsResult[] = [];
  for (const engine of engines) {
    const started: Subject[] = [];
    try {
      const subject = await startRedpkt(host, engine, connections);
      started.push(subject);
      await warmUp(tools, subject, options);
      const floor = await startFloor(tools.floor, "bare C");
      started.push(floor);
      const control = await startFloor(tools.floor, "bare C again");
      started.push(control);
      for (const mode of MODES.filter(({ name }) => options.mode.includes(name))) {
        const tell = (text: string) => host.isTerminal && host.err(text);
        const contenders = { subject, floor, control };
        const result = await comparePairs(
          tools.load,
          mode,
          contenders,
          pairs,
          { connections, seconds },
          tell,
        );
        results.push(result);
        host.out(pairsTable(mode, result));
      }
    } finally {
      for (const subject of started) await subject.stop();
    }
  }
  return { figures: results.flatMap(figuresOf), details: { connections, seconds, caps: CAPS, results } };
}

function figuresOf({ mode, subject, rounds }: PairsResult): Figure[] {
  const of = (what: string, unit: string, value: (round: PairsResult["rounds"][number]) => number) =>
    figure(`${subject}, ${mode}: ${what}`, unit, rounds.map(value));
  return [
    of("CPU a shake, against a bare C server's", "times", ({ ratio }) => ratio),
    of("CPU a shake", "us", ({ subject }) => subject.usPerShake),
    of("p50", "us", ({ subject }) => subject.p50Us),
    of("C against itself", "times", ({ controlRatio }) => controlRatio),
  ];
}

/** A window that doesn't count, in which V8 compiles what is hot: a server is started once and runs for hours. */
async function warmUp(tools: Tools, subject: Subject, { connections }: Pick<Options, "connections">) {
  await measure(tools.load, MODES[0], subject, { connections, seconds: WARM_UP_SECONDS });
}

async function profileAll(
  host: Host,
  tools: Tools,
  engines: readonly EngineChoice[],
  { connections, seconds, mode: modes }: Options,
  folder: string,
): Promise<void> {
  for (const [name, value] of Object.entries(PROFILE_ENVIRONMENT)) Deno.env.set(name, value);
  for (const engine of engines) {
    const subject = await startRedpkt(host, engine, connections);
    try {
      await warmUp(tools, subject, { connections });
      for (const mode of MODES.filter(({ name }) => modes.includes(name))) {
        host.out(`${subject.name}, ${mode.about}: share of its CPU time\n\n`);
        host.out(await profile(tools.load, mode, subject, { connections, seconds }, folder) + "\n");
      }
    } finally {
      await subject.stop();
    }
  }
}

const host = processHost({ entry: new URL("../main.ts", import.meta.url).href, ...builtIn });
try {
  Deno.exit(await main(host));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  host.err(`bench:floor: ${error.message}\n`);
  Deno.exit(error.exitCode);
}
