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
import { dialedHosts } from "../../hosts/list/dial_list.ts";
import { HostListFile } from "../../hosts/list/list_file.ts";
import { resolveServers } from "../../os/resolve_servers.ts";
import { mostConnectionsPerPair, readPortRange } from "../../os/port_range.ts";
import { systemSeed } from "../../base/random.ts";
import { after } from "../../base/clock.ts";
import { VERSION } from "../../base/version.ts";
import { AwardsFile } from "./awards_file.ts";
import { CLIENT_FORM, type ClientOptions, readClientOptions } from "./client_flags.ts";
import { controlRoutes } from "./control_routes.ts";
import { trustedKeys } from "./fetch_thread.ts";
import { FleetRun } from "./fleet_run.ts";
import type { FleetPlan, HostsPlan } from "./fleet_threads.ts";
import { sparesFor } from "./fleet_worker.ts";
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
  const plan = await makePlan(options, chooseEngine(options.engine, log), log);
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
async function makePlan(options: ClientOptions, engine: EngineName, log: Log): Promise<FleetPlan> {
  const { segment, fleet, tokenRules, priority, sources } = options;
  const { slice } = fleet;
  const problems: string[] = [];
  const hosts = await collecting(problems, () => openHosts(options));
  const listed = hosts?.dialed.clusters.flatMap(({ hosts }) => hosts.flatMap(({ targets }) => targets));
  const servers = listed ?? await collecting(problems, () => resolveServers("--server", options.servers)) ??
    [];
  const pairs = servers.length * Math.max(1, sources.length);
  problems.unshift(...whyNotStart(
    {
      users: slice.count + sparesFor(slice.count, hosts !== undefined),
      roles: ["client"],
      engine,
      port: 0,
      shakesPerS: fleet.qps,
      pairs,
      priority,
    },
    log,
  ));
  const { fetch: wanted } = options;
  const fetch = await collecting(
    problems,
    () => wanted && { ...wanted, trusted: trustedKeys(wanted.keys) },
  );
  const perPair = mostConnectionsPerPair(readPortRange());
  const targets = servers.length === 0
    ? []
    : await collecting(problems, () => pairAddresses(servers, sources, slice.count, perPair)) ?? [];
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return {
    settings: {
      ...fleet,
      ...(hosts === undefined ? { targets } : { targets: [], hosts: { list: hosts.dialed, sources } }),
    },
    threads: { workers: workersFor(options.workers, slice.count), engine, priority, tokenRules },
    randomSeed: options.randomSeed || systemSeed(),
    segment: `${segment.index}/${segment.of}`,
    wantsAwards: options.awards !== undefined,
    fetch,
    hosts,
  };
}

/** The host list that users go by, if there is one. */
async function openHosts({ hosts }: ClientOptions): Promise<HostsPlan | undefined> {
  if (hosts === undefined) return undefined;
  const { path, keys, networks } = hosts;
  const file = new HostListFile(path, keys);
  return { file, networks, dialed: await dialedHosts(file.list, networks) };
}

/** Runs a step whose problems are told together with those of others. */
async function collecting<T>(problems: string[], step: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

function workersFor(wanted: number, users: number): number {
  const fitting = Math.min(navigator.hardwareConcurrency, Math.ceil(users / USERS_PER_WORKER));
  return Math.min(users, wanted === 0 ? fitting : wanted);
}

/** On a terminal the progress stands in the last line: what else is written goes above it. */
function aboveProgress(host: Host): Host {
  return host.isTerminal ? { ...host, err: (text) => host.err(`\r\x1b[K${text}`) } : host;
}
