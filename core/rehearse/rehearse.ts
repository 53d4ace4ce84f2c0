import {
  flag,
  type Flags,
  type FlagValues,
  helpText,
  listFlag,
  parseFlags,
  wholeNumber,
} from "../cli/flags.ts";
import type { Command, Host } from "../cli/host.ts";
import { openLog } from "../cli/log.ts";
import { Stages } from "../cli/progress.ts";
import { formatCount, formatMicros } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { Histogram } from "../counters/histogram.ts";
import { chooseEngine, connectionLimit, ENGINE_CHOICES } from "../engine/choose.ts";
import type { EngineName } from "../engine/common/engine.ts";
import { LivePage } from "../monitor/live_page.ts";
import { recordRun } from "../report/data/record_run.ts";
import { RECORD_FILE } from "../report/data/run_data.ts";
import { writeReport } from "../report/write_report.ts";
import { VERSION } from "../base/version.ts";
import { z } from "zod";
import { reconcile } from "../reconcile/reconcile.ts";
import { httpAddress } from "../admin/http_address.ts";
import { RehearsalBroken, Run, type RunResult } from "./run.ts";
import { type FullScenario, loadScenario } from "./measure/scenario.ts";
import { makeSeedSet } from "./stage/seed_set.ts";
import { Stage } from "./stage/stage.ts";
import { checkTable, phaseTable } from "./tables.ts";
import { type Second, seriesCsv, Timeline } from "./timeline.ts";
import { type Check, checkMoney, checkReconciled, checkThresholds } from "./verdict.ts";

/** Connections that are left free, for whatever else the processes open. */
const SPARE_CONNECTIONS = 500;
/** Seconds between two lines of progress where no terminal shows them in place. */
const PROGRESS_EVERY_S = 5;

export const REHEARSE_FLAGS = {
  users: flag(
    "N",
    "users, 0 for as many as the scenario wants and descriptors allow",
    wholeNumber(0, 10_000_000).default(0),
  ),
  engine: flag(
    "NAME",
    `how bytes move: ${ENGINE_CHOICES.join(", ")}`,
    z.enum(ENGINE_CHOICES).default("auto"),
  ),
  "server-workers": flag(
    "N",
    "threads of the server, 0 for half of the cores",
    wholeNumber(0, 256).default(0),
  ),
  "client-workers": flag(
    "N",
    "threads of the fleet, 0 for half of the cores",
    wholeNumber(0, 256).default(0),
  ),
  "server-flag": listFlag("FLAG=VALUE", "a further flag for the server, such as --set=shake.leaseMs=100"),
  out: flag("DIR", "folder for the results", z.string().default("out")),
  web: flag(
    "HOST:PORT",
    "shows a page while it runs, port 0 for any free one",
    httpAddress("127.0.0.1:8989").optional(),
  ),
} satisfies Flags;

type Options = FlagValues<typeof REHEARSE_FLAGS>;

/** `redpkt rehearse SCENARIO`: a whole event, and a verdict. */
export const command: Command = {
  summary: "runs a whole event and says PASS or FAIL",
  async run(host, args) {
    const { values, operands, wantsHelp } = parseFlags(args, REHEARSE_FLAGS);
    if (wantsHelp) {
      const about =
        "Runs a whole event on this machine: a server, a fleet, phases, thresholds, a verdict.\n" +
        `Scenarios: ${Object.keys(host.program.scenarios).join(", ")}, or a file of your own.`;
      host.out(helpText("redpkt rehearse SCENARIO [FLAGS]", about, REHEARSE_FLAGS));
      return ExitCode.ok;
    }
    if (operands.length !== 1) {
      const names = Object.keys(host.program.scenarios).join(", ");
      throw new UserError(`give one scenario: ${names}, or the path of your own, such as ./my_scenario.ts`);
    }
    return await rehearse(host, await loadScenario(operands[0], host.program), values);
  },
};

/** Runs a scenario and returns the exit code: 0 for PASS, 1 for FAIL. */
export async function rehearse(host: Host, scenario: FullScenario, options: Options): Promise<number> {
  const engine = chooseEngine(options.engine, (_level, _event, fields) => {
    if (fields?.reason !== undefined) host.err(`engine ${fields.engine}: ${fields.reason}\n`);
  });
  const users = options.users ||
    Math.min(scenario.users, Math.max(1, connectionLimit(engine) - SPARE_CONNECTIONS));
  const rateShare = scenario.engineShare[engine] ?? 1;
  const half = Math.max(1, Math.floor(navigator.hardwareConcurrency / 2));
  const startedAt = new Date(host.clock.wallMs());
  host.out(headline(scenario, engine, users, rateShare));
  const folder = `${options.out}/${startedAt.toISOString().replace(/[:.]/g, "-")}`;
  makeFolder(folder);
  const [ledger, awards] = [`${folder}/ledger`, `${folder}/awards.csv`];
  const seeds = scenario.plan === undefined
    ? undefined
    : makeSeedSet(scenario.plan, folder, host.clock.wallMs());
  const abort = new AbortController();
  const forget = host.onStopSignal((signal) => abort.abort(new RehearsalBroken(`ended by ${signal}`)));
  // First, since its port may be taken: nothing else has been started then.
  const page = options.web === undefined
    ? undefined
    : await LivePage.start(host, options.web, openLog(host, "page"));
  const stage = await Stage.start(host, scenario, {
    engine,
    users,
    serverWorkers: engine === "deno" ? 1 : options["server-workers"] || half,
    clientWorkers: engine === "deno" ? 1 : options["client-workers"] || half,
    serverFlags: [
      ...(seeds?.serverFlags ?? []),
      ...options["server-flag"].map((text) => text.startsWith("--") ? text : `--${text}`),
    ],
    ledger,
    awards,
  });
  const config = await stage.server.request<unknown>("GET", "/config");
  const timeline = new Timeline((second) => showProgress(host, second), page);
  timeline.follow("server", stage.server.api);
  timeline.follow("client", stage.client.api);
  let result: RunResult | undefined;
  let broken: string | undefined;
  try {
    result = await new Run(host, stage, timeline, rateShare, abort.signal).play(scenario, users);
  } catch (error) {
    if (!(error instanceof RehearsalBroken)) throw error;
    broken = error.message;
  } finally {
    if (host.isTerminal) host.err("\r\x1b[K");
    // Their last snapshots come as they stop.
    await stage.stop();
    timeline.stop();
    await page?.stop();
    forget();
  }
  const stages = new Stages(host);
  const checks = result === undefined ? [] : [
    ...checkThresholds(scenario, result.phases),
    ...(canCompareCounts(scenario) ? checkMoney(result.end) : []),
    ...checkReconciled(reconcile({
      ledgers: [ledger],
      fleetFiles: [awards],
      seeds: seeds === undefined ? undefined : { places: [seeds.folder], keys: seeds.keys },
      onStage: stages.on,
    })),
  ];
  stages.end();
  const isPass = result !== undefined && checks.every(({ isMet }) => isMet);
  await writeResults(folder, timeline, {
    scenario,
    verdict: isPass ? "PASS" : "FAIL",
    broken,
    startedAt: startedAt.toISOString(),
    environment: environment(engine, users, rateShare, stage),
    config,
    connect: result?.connect,
    phases: result?.phases,
    checks,
  });
  host.out(report(scenario, result, checks, rateShare, engine));
  if (broken !== undefined) host.out(`  the rehearsal broke off: ${broken}\n`);
  host.out(`\n${isPass ? "PASS" : "FAIL"}  ${scenario.name}  ${folder}/report.html\n`);
  return isPass ? ExitCode.ok : ExitCode.failed;
}

/** A server that was killed has forgotten its counts, and nobody counts what misbehaving users win; the ledger does. */
function canCompareCounts({ phases, fleet }: FullScenario): boolean {
  const isMisbehaving = Object.keys(fleet?.misbehave ?? {}).length > 0;
  return !isMisbehaving && phases.every(({ kills }) => kills === undefined);
}

function headline(scenario: FullScenario, engine: EngineName, users: number, rateShare: number): string {
  const share = rateShare === 1 ? "" : `, at ${rateShare * 100} % of its rates`;
  return `${scenario.name}: ${scenario.about}\n${formatCount(users)} users on engine ${engine}${share}\n\n`;
}

function showProgress(host: Host, { second, phase, client }: Second): void {
  if (client === undefined || (!host.isTerminal && second % PROGRESS_EVERY_S !== 0)) return;
  const latency = new Histogram().add(client.histograms.shakeLatencyUs);
  const { deltas, gauges } = client;
  const rates = latency.count === 0 ? "" : `  offered ${formatCount(deltas.shakesSent)}/s` +
    `  answered ${formatCount(deltas.shakesAnswered)}/s  won ${formatCount(deltas.shakesWon)}/s` +
    `  p50 ${formatMicros(latency.percentile(50))}  p99 ${formatMicros(latency.percentile(99))}`;
  const line = `${phase.padEnd(10)} ${formatCount(gauges.usersReady)} users${rates}`;
  host.err(host.isTerminal ? `\r\x1b[K${line.slice(0, host.columns - 1)}` : `${line}\n`);
}

function report(
  scenario: FullScenario,
  result: RunResult | undefined,
  checks: readonly Check[],
  rateShare: number,
  engine: EngineName,
): string {
  if (result === undefined) return "";
  const { connect, phases } = result;
  const note = rateShare === 1
    ? ""
    : `  (${rateShare * 100} % of the rates of ${scenario.name}, for engine ${engine})\n`;
  return `  connect: ${formatCount(connect.ready)} users in ${connect.seconds.toFixed(1)} s, ` +
    `${formatCount(connect.perS)}/s\n\n${phaseTable(phases)}${note}\n${checkTable(checks)}`;
}

function environment(
  engine: EngineName,
  users: number,
  rateShare: number,
  stage: Stage,
): Record<string, unknown> {
  return {
    redpkt: VERSION,
    ...Deno.version,
    os: Deno.build.os,
    osRelease: Deno.osRelease(),
    arch: Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    engine,
    users,
    rateShare,
    caps: { connectionPerS: stage.connectionCapPerS },
  };
}

function makeFolder(folder: string): void {
  try {
    Deno.mkdirSync(folder, { recursive: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`--out: cannot make ${folder}: ${why}. Choose another folder with --out`);
  }
}

async function writeResults(
  folder: string,
  timeline: Timeline,
  summary: Record<string, unknown>,
): Promise<void> {
  try {
    await Deno.writeTextFile(`${folder}/summary.json`, JSON.stringify(summary, null, 2) + "\n");
    await Deno.writeTextFile(`${folder}/series.csv`, seriesCsv(timeline.seconds));
    recordRun(`${folder}/${RECORD_FILE}`, timeline.seconds, timeline.events);
    await writeReport(folder);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`--out: cannot write ${folder}: ${why}. Choose another folder with --out`);
  }
}
