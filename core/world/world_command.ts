import { z } from "zod";
import { ExitCode } from "../base/user_error.ts";
import { formatCount } from "../base/units.ts";
import { systemSeed } from "../base/random.ts";
import { flag, type Flags, wholeNumber } from "../cli/flags.ts";
import { type Command, type CommandForm, commandOf } from "../cli/command/command.ts";
import { helpText } from "../cli/command/help_text.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { Progress } from "../cli/progress.ts";
import { loadPlugins, pluginSources } from "../plugin/loader.ts";
import { FAULT_KINDS } from "./plan/fault_kinds.ts";
import {
  drawWorld,
  faultName,
  type FaultWish,
  parseFaults,
  type WorldPlan,
  type WorldWish,
} from "./plan/world_plan.ts";
import { FAULTS } from "./run/faults.ts";
import { INVARIANTS } from "./run/invariants.ts";
import { commandLineOf, runWorld, type WorldResult } from "./run/run_world.ts";
import { replayCommand } from "./replay/replay_command.ts";
import { shrink } from "./run/shrink.ts";
import type { WorldOptions } from "./run/world.ts";
import { worldText } from "./world_text.ts";

const MAX_SEED = 0xffff_ffff;

const WORLD_FLAGS = {
  seed: flag(
    "N",
    "what everything is drawn from",
    wholeNumber(0, MAX_SEED).optional(),
    "another one each time",
  ),
  hosts: flag("N", "access hosts", wholeNumber(1, 1_000).optional(), "1 to 6, by the seed"),
  users: flag("N", "users of all hosts", wholeNumber(1, 100_000).optional(), "8 to 60, by the seed"),
  minutes: flag("N", "how long the event is", wholeNumber(1, 240).optional(), "1 or 2, by the seed"),
  faults: flag(
    "LIST",
    "kinds of faults such as kill,lostDisk, single ones such as kill.2, or none",
    z.string().transform((text, context): readonly FaultWish[] => {
      const wishes = parseFaults(text);
      if (wishes !== undefined) return wishes;
      context.addIssue({ code: "custom", message: `must be none, or of ${FAULT_KINDS.join(",")}` });
      return z.NEVER;
    }).optional(),
    "by the seed",
  ),
  seeds: flag("N", "so many worlds, from the seed on, until one fails", wholeNumber(1, 1_000_000).default(1)),
  json: JSON_FLAG,
} satisfies Flags;

const ABOUT =
  "Plays an event from the first login to the last payment in one thread and virtual time, with hosts, users, books,\n" +
  "settlement, a bank and a director; lets things go wrong as the seed says; and proves that every promise is kept.\n" +
  "The same seed is the same world. A world that fails is made smaller, and printed as one command.";

const FORM = {
  name: "world",
  about: ABOUT,
  flags: WORLD_FLAGS,
  actions: { "--replay": replayCommand.form },
  examples: [
    { line: "redpkt world --seed 7", shows: "one world" },
    { line: "redpkt world --seeds 100", shows: "a hundred of them, until one fails" },
    {
      line: "redpkt world --hosts 600 --users 18000 --minutes 2 --faults none",
      shows: "a large one in which all goes well",
    },
  ],
} satisfies CommandForm;

const played = commandOf(FORM, async (host, { seed = systemSeed() % MAX_SEED, seeds, json, ...wish }) => {
  const plugins = await loadPlugins(pluginSources(undefined, true, host.program), {}, host.program);
  const runs = new Runs(host, plugins.map(({ plugin, choice }) => ({ plugin, config: choice.config })));
  return seeds === 1
    ? await runs.one({ ...wish, seed }, json)
    : await runs.swarm({ ...wish, seed }, seeds, json);
});

/** `redpkt world`: a whole event in virtual time, with everything that goes wrong; `--replay`: its whole volume. */
export const command: Command = {
  form: FORM,
  async run(host, args) {
    const others = args.filter((arg) => arg !== "--replay");
    if (others.length < args.length) return await replayCommand.run(host, others);
    if (args.includes("--help") || args.includes("-h")) {
      host.out(`${helpText(host, FORM)}\n${tables()}\n${helpText(host, replayCommand.form)}`);
      return ExitCode.ok;
    }
    return await played.run(host, args);
  },
};

/** Worlds, one after the other. */
class Runs {
  readonly #host: Host;
  readonly #plugins: WorldOptions["plugins"];
  #tookMs = 0;

  constructor(host: Host, plugins: WorldOptions["plugins"]) {
    this.#host = host;
    this.#plugins = plugins;
  }

  async one(wish: WorldWish, isJson: boolean): Promise<number> {
    const progress = new Progress(this.#host, "seconds");
    let doneS = 0;
    const result = await this.#run(drawWorld(wish), (atMs, ofMs) => {
      const atS = Math.floor(atMs / 1_000);
      progress.add(atS - doneS, Math.ceil(ofMs / 1_000), `world ${wish.seed}`);
      doneS = atS;
    });
    progress.end();
    return await this.#tell(result, 1, isJson);
  }

  async swarm(wish: WorldWish, seeds: number, isJson: boolean): Promise<number> {
    const progress = new Progress(this.#host, "worlds");
    let last: WorldResult | undefined;
    let worlds = 0;
    while (worlds < seeds && (last === undefined || last.violations.length === 0)) {
      last = await this.#run(drawWorld({ ...wish, seed: (wish.seed + worlds++) % (MAX_SEED + 1) }));
      progress.add(1, seeds, "swarm");
    }
    progress.end();
    return await this.#tell(last!, worlds, isJson);
  }

  /** What came of it; a world that failed is made smaller first. */
  async #tell(result: WorldResult, worlds: number, isJson: boolean): Promise<number> {
    const hasFailed = result.violations.length > 0;
    const told = hasFailed ? await this.#shrunk(result) : result;
    writeResult(this.#host, isJson, resultOf(told, worlds), () => {
      if (worlds === 1 || hasFailed) return worldText(told, this.#tookMs);
      return `PASS  ${formatCount(worlds)} worlds kept every promise; trace of the last ${told.hash}\n`;
    });
    return hasFailed ? ExitCode.failed : ExitCode.ok;
  }

  async #shrunk(failed: WorldResult): Promise<WorldResult> {
    const { err, isTerminal } = this.#host;
    err(`failed: ${failed.violations[0].what}\n  ${commandLineOf(failed.plan)}\nlooking for a smaller one\n`);
    const { result, tries } = await shrink(
      failed,
      (plan) => this.#run(plan),
      (tries) => isTerminal && err(`\r\x1b[K${tries} tried`),
    );
    err(`${isTerminal ? "\r\x1b[K" : ""}${tries} smaller ones were tried\n`);
    return result;
  }

  async #run(plan: WorldPlan, onWorld?: (atMs: number, ofMs: number) => void): Promise<WorldResult> {
    const folder = Deno.makeTempDirSync({ prefix: "redpkt-world-" });
    const startMs = this.#host.clock.monotonicMs();
    try {
      return await runWorld(plan, { plugins: this.#plugins, folder }, onWorld);
    } finally {
      this.#tookMs = this.#host.clock.monotonicMs() - startMs;
      Deno.removeSync(folder, { recursive: true });
    }
  }
}

function resultOf(
  { plan, violations, hash, events, turns, tookMs, sums, hostsLost }: WorldResult,
  worlds: number,
) {
  const { faults, ...sizes } = plan;
  return {
    worlds,
    isOk: violations.length === 0,
    command: commandLineOf(plan),
    plan: { ...sizes, faults: faults.map(faultName) },
    violations,
    traceHash: hash,
    events,
    turns,
    virtualMs: tookMs,
    hostsLost,
    sums,
  };
}

/** What can go wrong and what is proven, for the help. */
function tables(): string {
  const rows = (of: Readonly<Record<string, { readonly what: string }>>) =>
    Object.entries(of).map(([name, { what }]) => `  ${name.padEnd(12)}  ${what}\n`).join("");
  return `Faults:\n\n${rows(FAULTS)}\nPromises:\n\n${rows(INVARIANTS)}`;
}
