import type { Host } from "../cli/host.ts";
import { writeResult } from "../cli/json_output.ts";
import { openLog } from "../cli/log.ts";
import { Stages } from "../cli/progress.ts";
import { formatCount } from "../base/units.ts";
import { UserError } from "../base/user_error.ts";
import { chartsSchema, type Declared } from "../charts/declared.ts";
import { chooseEngine, connectionLimit } from "../engine/choose.ts";
import type { EngineName } from "../engine/common/engine.ts";
import { builtInCharts } from "../plugin/declared.ts";
import { LivePage } from "../monitor/live_page.ts";
import { reconcile, type ReconcileResult } from "../reconcile/reconcile.ts";
import { recordRun } from "../report/data/record_run.ts";
import { RECORD_FILE } from "../report/data/run_data.ts";
import { type Summary, SUMMARY_VERSION } from "../report/data/summary_schema.ts";
import { writeReport } from "../report/write_report.ts";
import { VERSION } from "../base/version.ts";
import { fitToMachine } from "./fit.ts";
import type { MachineKind } from "./machine/judge.ts";
import { MachineWatch } from "./machine/machine_watch.ts";
import { measureMemoryNs } from "./machine/memory_latency.ts";
import { causesOf, exitCodeOf, kindText, machineByPhase, outcomeText } from "./outcome.ts";
import type { RehearseOptions } from "./rehearse.ts";
import { RehearsalBroken, Run, type RunResult } from "./run.ts";
import { type FullScenario, hasShow, killsServer } from "./measure/scenario.ts";
import { ShowStage } from "./show/show_stage.ts";
import { makeSeedSet, type SeedSet } from "./stage/seed_set.ts";
import { Stage, type StageOptions } from "./stage/stage.ts";
import { StatusLine } from "./status_line.ts";
import { seriesCsv, Timeline } from "./timeline.ts";
import { checkThresholds } from "./measure/check_thresholds.ts";
import { checkMoney, checkReconciled, moneyOf } from "./verdict.ts";

/** Connections that are left free, for whatever else the processes open. */
const SPARE_CONNECTIONS = 500;

/** How a part of a rehearsal ended: with a result, or broken off. */
interface Played {
  readonly result?: RunResult;
  readonly broken?: RehearsalBroken;
}

/** What a verdict is made of. */
interface Evidence {
  readonly played: Played;
  readonly reconciled: ReconcileResult | undefined;
  readonly timeline: Timeline;
  readonly kind: MachineKind;
}

/** One rehearsal, from its headline to its results. */
export class Rehearsal {
  readonly #host: Host;
  readonly #options: RehearseOptions;
  readonly #signal: AbortSignal;
  readonly #engine: EngineName;
  /** Text beside the result: where the result is JSON, it must not come between. */
  readonly #say: (text: string) => void;

  constructor(host: Host, options: RehearseOptions, signal: AbortSignal) {
    this.#host = host;
    this.#options = options;
    this.#signal = signal;
    this.#say = options.json ? host.err : host.out;
    this.#engine = chooseEngine(options.engine, (_level, _event, fields) => {
      if (fields?.reason !== undefined) host.err(`engine ${fields.engine}: ${fields.reason}\n`);
    });
  }

  async run(scenario: FullScenario, isFitted: boolean): Promise<number> {
    const { clock } = this.#host;
    const startedAt = new Date(clock.wallMs()).toISOString();
    const folder = runFolder(this.#options.out, clock.wallMs());
    const users = this.#options.users ||
      Math.min(scenario.users, Math.max(1, connectionLimit(this.#engine) - SPARE_CONNECTIONS));
    let rateShare = scenario.engineShare[this.#engine] ?? 1;
    const kind = { cores: navigator.hardwareConcurrency, memoryNs: measureMemoryNs(clock) };
    this.#say(headline(scenario, this.#engine, users, rateShare, kind));
    makeFolder(folder);
    // First, since its port may be taken: nothing else has been started then.
    const page = this.#options.web === undefined
      ? undefined
      : await LivePage.start(this.#host, this.#options.web, openLog(this.#host, "page"));
    const log = { ledger: `${folder}/ledger`, awards: `${folder}/awards.csv` };
    let fit: string | undefined;
    try {
      if (isFitted) {
        const options = this.#stageOptions(users);
        const fitted = await fitToMachine(this.#host, scenario, options, rateShare, this.#signal);
        this.#say(`${fitted.text}\n\n`);
        ({ scenario, text: fit } = fitted);
        rateShare = 1;
      }
      const seeds = scenario.plan === undefined
        ? undefined
        : makeSeedSet(scenario.plan, folder, clock.wallMs());
      await using show = hasShow(scenario) ? await ShowStage.start(this.#host, folder, seeds!) : undefined;
      if (show !== undefined) this.#say(`the show comes by ${show.paths}\n\n`);
      const stage = await Stage.start(this.#host, scenario, {
        ...this.#stageOptions(users, [...seeds?.serverFlags ?? [], ...show?.serverFlags ?? []]),
        ...log,
      });
      const { config, charts, timeline, played } = await this.#play(
        stage,
        scenario,
        users,
        rateShare,
        page,
        show,
      );
      const reconciled = played.result === undefined ? undefined : this.#reconcile(log, seeds);
      const summary = this.#summarize(scenario, stage.plugins, { played, reconciled, timeline, kind }, {
        startedAt,
        config,
        environment: {
          ...environment(stage.settings),
          engine: this.#engine,
          users,
          rateShare,
          ...(show === undefined ? {} : { show: show.paths }),
          ...(fit === undefined ? {} : { fit }),
        },
      });
      try {
        await this.#writeResults(folder, timeline, summary, charts, stage.plugins.columns);
      } finally {
        // A full disk takes the report, and not what was seen.
        writeResult(
          this.#host,
          this.#options.json,
          { ...summary, report: `${folder}/report.html` },
          () => outcomeText(summary, timeline.seconds, folder),
        );
      }
      return played.broken?.exitCode ?? exitCodeOf(summary);
    } finally {
      await page?.stop();
    }
  }

  /** The verdict, and all that it rests on. */
  #summarize(
    scenario: FullScenario,
    { won }: Stage["plugins"],
    { played: { result, broken }, reconciled, timeline, kind }: Evidence,
    context: Pick<Summary, "startedAt" | "config" | "environment">,
  ): Summary {
    const checks = result === undefined || reconciled === undefined ? [] : [
      ...checkThresholds(scenario.phases, result.phases),
      ...(canCompareCounts(scenario) ? checkMoney(result.end, won, reconciled) : []),
      ...checkReconciled(reconciled),
    ];
    const isPass = result !== undefined && checks.every(({ met }) => met);
    return {
      schemaVersion: SUMMARY_VERSION,
      scenario,
      verdict: isPass ? "PASS" : "FAIL",
      ...(broken === undefined ? {} : { broken: broken.message }),
      ...context,
      ...(result === undefined ? {} : { connect: result.connect, phases: result.phases }),
      checks,
      ...(reconciled === undefined ? {} : { money: moneyOf(reconciled) }),
      causes: causesOf(scenario, checks, timeline.seconds, kind),
      machine: { ...kind, phases: machineByPhase(timeline.seconds) },
    };
  }

  #stageOptions(users: number, seedFlags: readonly string[] = []): StageOptions {
    const half = Math.max(1, Math.floor(navigator.hardwareConcurrency / 2));
    const isSingle = this.#engine === "deno";
    const flags = this.#options["server-flag"].map((text) => text.startsWith("--") ? text : `--${text}`);
    return {
      engine: this.#engine,
      users,
      serverWorkers: isSingle ? 1 : this.#options["server-workers"] || half,
      clientWorkers: isSingle ? 1 : this.#options["client-workers"] || half,
      serverFlags: [...seedFlags, ...flags],
    };
  }

  /** Plays it on a stage and ends the stage. */
  async #play(
    stage: Stage,
    scenario: FullScenario,
    users: number,
    rateShare: number,
    page: LivePage | undefined,
    show: ShowStage | undefined,
  ): Promise<{ played: Played; timeline: Timeline; config: unknown; charts: readonly Declared[] }> {
    const status = new StatusLine(this.#host);
    const timeline = new Timeline((second) => status.show(second), page);
    const watch = new MachineWatch(
      this.#host,
      () => stage.pids,
      (second, use) => timeline.machine(second, use),
    );
    let played: Played;
    let config: unknown;
    let charts: readonly Declared[] = [];
    try {
      config = await stage.server.request<unknown>("GET", "/config");
      charts = chartsSchema.parse(await stage.server.request<unknown>("GET", "/charts")).plugins;
      timeline.follow("server", stage.server);
      timeline.follow("client", stage.client);
      played = {
        result: await new Run(this.#host, stage, timeline, rateShare, this.#signal, show).play(
          scenario,
          users,
        ),
      };
    } catch (error) {
      if (!(error instanceof RehearsalBroken)) throw error;
      played = { broken: error };
    } finally {
      status.end();
      watch.stop();
      // Their last snapshots come as they stop.
      await stage.stop();
      timeline.stop();
    }
    return { played, timeline, config, charts };
  }

  async #writeResults(
    folder: string,
    { seconds, events }: Timeline,
    summary: Summary,
    charts: readonly Declared[],
    columns: Stage["plugins"]["columns"],
  ): Promise<void> {
    try {
      await Deno.writeTextFile(`${folder}/summary.json`, JSON.stringify(summary, null, 2) + "\n");
      await Deno.writeTextFile(`${folder}/series.csv`, seriesCsv(seconds, columns));
      recordRun(`${folder}/${RECORD_FILE}`, seconds, events, charts);
      await writeReport(folder, await builtInCharts(this.#host.program));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new UserError(`--out: cannot write ${folder}: ${why}. Choose another folder with --out`);
    }
  }

  #reconcile(log: { ledger: string; awards: string }, seeds: SeedSet | undefined): ReconcileResult {
    const stages = new Stages(this.#host);
    const result = reconcile({
      ledgers: [log.ledger],
      fleetFiles: [log.awards],
      seeds: seeds === undefined ? undefined : { places: [seeds.folder], keys: seeds.keys },
      onStage: stages.on,
    });
    stages.end();
    return result;
  }
}

/** A server that was killed has forgotten its counts, and nobody counts what misbehaving users win; the ledger does. */
function canCompareCounts(scenario: FullScenario): boolean {
  return Object.keys(scenario.fleet?.misbehave ?? {}).length === 0 && !killsServer(scenario);
}

function headline(
  scenario: FullScenario,
  engine: EngineName,
  users: number,
  rateShare: number,
  kind: MachineKind,
): string {
  const share = rateShare === 1 ? "" : `, at ${rateShare * 100} % of its rates`;
  return `${scenario.name}: ${scenario.about}\n` +
    `${formatCount(users)} users on engine ${engine}${share}; ${kindText(kind)}\n\n`;
}

function environment(settings: Stage["settings"]): Record<string, unknown> {
  return {
    redpkt: VERSION,
    ...Deno.version,
    os: Deno.build.os,
    osRelease: Deno.osRelease(),
    arch: Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    settings,
  };
}

/** Where the results of a rehearsal go that starts now. */
function runFolder(out: string, wallMs: number): string {
  return `${out}/${new Date(wallMs).toISOString().replace(/[:.]/g, "-")}`;
}

/** The same, made. @throws UserError if it can't be */
export function makeRunFolder(out: string, wallMs: number): string {
  const folder = runFolder(out, wallMs);
  makeFolder(folder);
  return folder;
}

function makeFolder(folder: string): void {
  try {
    Deno.mkdirSync(folder, { recursive: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`--out: cannot make ${folder}: ${why}. Choose another folder with --out`);
  }
}
