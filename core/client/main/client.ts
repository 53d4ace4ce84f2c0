import { httpCounts } from "../../admin/http_metrics.ts";
import { tellAction, tellFault } from "../../admin/telemetry/telemetry.ts";
import { exportOpenTelemetry } from "../../admin/telemetry/open_telemetry.ts";
import { type RunningApi, serveApi } from "../../admin/serve.ts";
import type { Command } from "../../cli/command/command.ts";
import type { Host } from "../../cli/host.ts";
import { writeResult } from "../../cli/json_output.ts";
import { type Log, openLog } from "../../cli/log.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import { whyNotStart } from "../../doctor/preflight.ts";
import { chooseEngine } from "../../engine/choose.ts";
import type { EngineName } from "../../engine/common/engine.ts";
import { mostConnectionsPerPair, readPortRange } from "../../os/port_range.ts";
import { systemSeed } from "../../base/random.ts";
import { after } from "../../base/clock.ts";
import { VERSION } from "../../base/version.ts";
import { AwardsFile } from "./awards_file.ts";
import { CLIENT_FORM, type ClientOptions, readClientOptions } from "./client_flags.ts";
import { controlRoutes } from "./control_routes.ts";
import { trustedKeys } from "./fetch_thread.ts";
import { FleetRun } from "./fleet_run.ts";
import type { FleetPlan } from "./fleet_threads.ts";
import type { FleetSettings } from "../fleet/fleet_options.ts";
import { fleetResult } from "./fleet_result.ts";
import { summaryTable } from "./summary.ts";
import { pairAddresses } from "./targets.ts";

/** So many users keep one core busy; fewer aren't worth another thread. */
const USERS_PER_WORKER = 10_000;

/** `redpkt client`: a fleet of users against real servers. */
export const command: Command = {
  form: CLIENT_FORM,
  async run(host, args) {
    const options = readClientOptions(host, args);
    return options === undefined ? ExitCode.ok : await play(host, options);
  },
};

async function play(host: Host, options: ClientOptions): Promise<number> {
  const log = openLog(aboveProgress(host), "client");
  const plan = makePlan(options, chooseEngine(options.engine, log), log);
  const run = new FleetRun(host, log, plan);
  const routes = controlRoutes(run);
  const door = { flag: "--control", what: "the control API", address: options.control, names: options.names };
  const api = await serveApi(host, door, {
    title: "redpkt client",
    onAction: tellAction(run.series, log),
    onFault: tellFault(log),
    count: httpCounts(run.counters, run.counters.blocks - 1),
    version: VERSION,
    routes,
  });
  const awards = await openAwards(options, host, api);
  let signals = 0;
  let interruptedBy: string | undefined;
  const forget = host.onStopSignal((signal) => {
    if (++signals > 1) host.exit(ExitCode.interrupted);
    // A fleet that was to run on ends by a signal, as it should.
    if (options.seconds > 0 && !run.status().stopping) interruptedBy = signal;
    run.stop(signal);
  });
  const cancel = options.seconds === 0
    ? undefined
    : after(options.seconds * 1000, () => run.stop(`--seconds ${options.seconds}`));
  await exportOpenTelemetry(host, "client", run.counters);
  // The threads come last: everything that a user can have got wrong has been found by now.
  run.start(awards);
  const { settings: { slice, qps, pacing }, threads: { engine, workers }, randomSeed } = plan;
  const control = `${api.address.hostname}:${api.address.port}`;
  log("info", "ready", { control, engine, users: slice.count, workers, qps, pacing, randomSeed });
  const diedWith = await run.ended();
  cancel?.();
  forget();
  awards?.close(diedWith === undefined && run.counters.total("awardsUnwritten") === 0);
  const totals = run.series.totals();
  const result = fleetResult(totals, {
    users: totals.gauges.usersBehaving,
    wereAllReady: run.wereAllReady,
    leastAnsweredPercent: options.leastAnsweredPercent,
    interruptedBy,
    diedWith,
  });
  writeResult(host, options.json, result, () => summaryTable(result));
  await api.stop();
  return result.exitCode;
}

/** The awards file, begun anew only when nothing else can be in the way. */
async function openAwards(
  { awards, fleet: { slice } }: ClientOptions,
  { clock }: Host,
  api: RunningApi,
): Promise<AwardsFile | undefined> {
  if (awards === undefined) return undefined;
  try {
    return new AwardsFile(awards, slice, clock);
  } catch (error) {
    await api.stop();
    throw error;
  }
}

/**
 * What the threads are to play.
 *
 * @throws UserError if the host can't carry so many users, or addresses don't suffice
 */
function makePlan(options: ClientOptions, engine: EngineName, log: Log): FleetPlan {
  const { segment, fleet, tokenRules, priority } = options;
  const { slice } = fleet;
  const pairs = options.servers.length * Math.max(1, options.sources.length);
  const problems = whyNotStart(
    {
      users: slice.count,
      roles: ["client"],
      engine,
      port: 0,
      shakesPerS: fleet.qps,
      pairs,
      priority,
    },
    log,
  );
  let targets: FleetSettings["targets"] = [];
  let fetch: FleetPlan["fetch"];
  try {
    if (options.fetch !== undefined) fetch = { ...options.fetch, trusted: trustedKeys(options.fetch.keys) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(error.message);
  }
  try {
    targets = pairAddresses(
      options.servers,
      options.sources,
      slice.count,
      mostConnectionsPerPair(readPortRange()),
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(error.message);
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return {
    settings: { ...fleet, targets },
    threads: { workers: workersFor(options.workers, slice.count), engine, priority, tokenRules },
    randomSeed: options.randomSeed || systemSeed(),
    segment: `${segment.index}/${segment.of}`,
    wantsAwards: options.awards !== undefined,
    fetch,
  };
}

function workersFor(wanted: number, users: number): number {
  const fitting = Math.min(navigator.hardwareConcurrency, Math.ceil(users / USERS_PER_WORKER));
  return Math.min(users, wanted === 0 ? fitting : wanted);
}

/** On a terminal the progress stands in the last line: what else is written goes above it. */
function aboveProgress(host: Host): Host {
  return host.isTerminal ? { ...host, err: (text) => host.err(`\r\x1b[K${text}`) } : host;
}
