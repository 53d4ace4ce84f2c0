import { z } from "zod";
import type { PluginMeasure } from "../charts/measure.ts";
import { commandOf } from "../cli/command/command.ts";
import { flag, type Flags, type FlagValues, listFlag, switchFlag, wholeNumber } from "../cli/flags.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { Stop, stopOnSignal } from "../cli/stop.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { parseTargetFile, type TargetSpec } from "../monitor/collect/target_list.ts";
import { worldOf } from "../monitor/collect/live_world.ts";
import { targetList } from "../monitor/monitor_flags.ts";
import { loadPlugin } from "../plugin/loader.ts";
import { checkRow, WHOLE_RUN } from "../report/data/check.ts";
import { junitXml } from "../report/junit.ts";
import { MEASURES } from "../rehearse/measure/measures.ts";
import { checkTable, phaseTable } from "../rehearse/tables.ts";
import { Judge, type JudgedWindow } from "./judge.ts";
import { readThresholds } from "./thresholds.ts";

/** How long a target may take until it is seen live, in ms. */
const LIVE_MS = 10_000;
const LOOK_MS = 200;
/** Windows whose figures are shown side by side; of more the checks are. */
const MOST_COLUMNS = 6;

const JUDGE_FLAGS = {
  target: {
    ...listFlag("LIST", "admin and control APIs to watch: HOST:PORT, a range, or several"),
    schema: targetList,
  },
  targets: flag("FILE", "file of targets, one a line with a name if wanted", z.string().optional()),
  threshold: listFlag(
    "TEXT",
    "what must hold, such as 'p99Ms<50' or 'answeredPercent>99'; a bound is met by itself",
  ),
  thresholds: flag("FILE", 'the same as JSON: {"p99Ms": {"atMost": 50}}', z.string().optional()),
  seconds: flag("N", "how long a window is", wholeNumber(1, 86_400).default(60)),
  windows: flag("N", "how many windows are judged, one after the other", wholeNumber(1, 10_000).default(1)),
  abort: switchFlag("ends with the first window that doesn't meet its thresholds"),
  plugins: flag(
    "LIST",
    "plugins of the servers that come not with redpkt, by path, for their measures",
    z.string().default(""),
  ),
  junit: flag("FILE", "writes the checks as JUnit XML", z.string().optional()),
  json: JSON_FLAG,
} satisfies Flags;

type Options = FlagValues<typeof JUDGE_FLAGS>;

/** `redpkt judge`: a verdict on servers and fleets that somebody else runs. */
export const command = commandOf({
  name: "judge",
  about: "Watches servers and fleets that run already, and says PASS or FAIL.\n" +
    "Measures are those of scenarios; those of the fleet need a fleet among the targets. A target that tells nothing\n" +
    "of a second fails the verdict. Exit code: 0 for PASS, 1 for FAIL, 3 if a target can't be watched at all.",
  flags: JUDGE_FLAGS,
  examples: [
    {
      line: "redpkt judge --target 127.0.0.1:8989,127.0.0.1:9090 --threshold 'p99Ms<50'",
      shows: "the server and the fleet of this machine, for a minute",
    },
    {
      line:
        "redpkt judge --targets hosts.txt --thresholds gala.json --seconds 10 --windows 360 --abort --junit junit.xml",
      shows: "an hour in windows of 10 s, ended by the first that fails",
    },
  ],
}, judge);

async function judge(host: Host, values: Options): Promise<number> {
  const measures = await pluginMeasures(host, values.plugins);
  const thresholds = readThresholds(values.threshold, values.thresholds, [
    ...Object.keys(MEASURES),
    ...Object.keys(measures),
  ]);
  const targets = targetsOf(values);
  const { seconds: windowS, windows, abort: isAborting } = values;
  const startedAt = new Date(host.clock.wallMs()).toISOString();
  const judge = new Judge({ targets, thresholds, measures, windows, windowS, isAborting }, worldOf(host));
  const stop = new Stop();
  const forget = stopOnSignal(host, stop);
  const watching = judge.watch();
  try {
    for (
      let waitedMs = 0;
      judge.notLive().length > 0 && waitedMs < LIVE_MS && !stop.isStopped;
      waitedMs += LOOK_MS
    ) {
      await stop.wait(LOOK_MS);
    }
    const absent = judge.notLive();
    if (absent.length > 0 && !stop.isStopped) {
      const lines = absent.map(({ name, state, why }) => `${name}: ${state}${why === "" ? "" : `: ${why}`}`);
      throw new UserError(lines.join("\n"), ExitCode.nobodyServed);
    }
    const wait = async (ms: number) => {
      await stop.wait(ms);
      return !stop.isStopped;
    };
    await judge.run(wait, (window) => tell(host, window));
  } finally {
    watching.stop();
    await watching.ended;
    forget();
  }
  return conclude(host, values, judge.windows, startedAt, stop.isStopped);
}

/** A line as a window ends: who watches for an hour wants to know. */
function tell(host: Host, { result: { name }, checks }: JudgedWindow): void {
  if (name === WHOLE_RUN || host.logging?.isQuiet) return;
  const failed = checks.filter(({ met }) => !met).map(checkRow).map(({ what, seen }) => `${what} ${seen}`);
  host.err(`${name}: ${failed.length === 0 ? "ok" : `FAIL  ${failed.join(", ")}`}\n`);
}

function conclude(
  host: Host,
  { json, junit, windows: wanted, seconds }: Options,
  windows: readonly JudgedWindow[],
  startedAt: string,
  isInterrupted: boolean,
): number {
  const checks = windows.flatMap(({ checks }) => checks);
  const phases = windows.map(({ result }) => result);
  const isPass = windows.length === wanted && checks.every(({ met }) => met);
  const verdict = isPass ? "PASS" : "FAIL";
  const broken = isInterrupted ? { broken: `interrupted after ${windows.length} of ${wanted} windows` } : {};
  if (junit !== undefined) {
    const scenario = { name: "judge", about: `${wanted} windows of ${seconds} s` };
    try {
      Deno.writeTextFileSync(junit, junitXml({ scenario, startedAt, checks, phases, ...broken }));
    } catch (error) {
      throw new UserError(
        `--junit ${junit}: cannot be written: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  writeResult(host, json, { verdict, startedAt, ...broken, checks, windows: phases }, () => {
    const failed = windows.filter(({ checks }) => checks.some(({ met }) => !met));
    const shown = windows.length <= MOST_COLUMNS ? windows : failed.slice(0, MOST_COLUMNS);
    const figures = shown.length === 0 ? "" : `${phaseTable(shown.map(({ result }) => result))}\n`;
    const rows = shown.flatMap(({ checks }) => checks).map(checkRow);
    const why = isInterrupted ? `: ${broken.broken}` : "";
    return `${figures}${rows.length === 0 ? "" : `${checkTable(rows)}\n`}${verdict}${why}\n`;
  });
  if (isInterrupted) return ExitCode.interrupted;
  return isPass ? ExitCode.ok : ExitCode.failed;
}

/** What plugins measure: those that come with the program, and those that are named. */
async function pluginMeasures(host: Host, named: string): Promise<Record<string, PluginMeasure>> {
  const sources = [...Object.keys(host.program.plugins), ...named.split(",").filter((name) => name !== "")];
  const plugins = await Promise.all(sources.map((source) => loadPlugin(source, host.program)));
  return Object.assign({}, ...plugins.map(({ measures }) => measures ?? {}));
}

function targetsOf({ target, targets: path }: Options): TargetSpec[] {
  const targets = new Map(target.map((spec) => [spec.url, spec]));
  if (path !== undefined) {
    let text: string;
    try {
      text = Deno.readTextFileSync(path);
    } catch (error) {
      throw new UserError(`--targets ${path}: ${error instanceof Error ? error.message : error}`);
    }
    const read = parseTargetFile(text);
    if (read.problems.length > 0) {
      throw new UserError(read.problems.map((each) => `${path}: ${each}`).join("\n"));
    }
    for (const spec of read.targets) targets.set(spec.url, spec);
  }
  if (targets.size === 0) {
    throw new UserError("--target is missing. Give --target 127.0.0.1:8989, or --targets FILE");
  }
  return [...targets.values()];
}
