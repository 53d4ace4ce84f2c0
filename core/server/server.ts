import { booksPluginProblems, booksProblems, hostBooks } from "./books_options.ts";
import { exportOpenTelemetry } from "../admin/telemetry/open_telemetry.ts";
import { httpCounts } from "../admin/http_metrics.ts";
import { type Door, serveApi } from "../admin/serve.ts";
import { tellAction, tellFault } from "../admin/telemetry/telemetry.ts";
import { readConfigFile, withSettings } from "../cli/config_file.ts";
import { type Command, type CommandForm, readCommand } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { type Log, openLog } from "../cli/log.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { Series } from "../counters/series.ts";
import { whyNotStart } from "../doctor/preflight.ts";
import { formatAddress } from "../os/address.ts";
import { chooseEngine, connectionLimit, defaultConnections } from "../engine/choose.ts";
import type { EngineName, Listener } from "../engine/common/engine.ts";
import { openListener } from "../engine/common/listener.ts";
import { PORT_TAKEN } from "../engine/common/not_bound.ts";
import { collectGarbage } from "../os/collect_garbage.ts";
import { StoreFailed } from "../ledger/disk/entry_store.ts";
import { refuseLostRows } from "../ledger/evidence/inspect.ts";
import { readDurableTime, refuseOtherHost } from "../ledger/evidence/host_notes.ts";
import { DirectoryLock } from "../ledger/disk/directory_lock.ts";
import { foreignAwardsBytes } from "../ledger/registry/foreign_awards.ts";
import type { LedgerLimits } from "../ledger/record/ledger.ts";
import { loadPlugins, pluginSources } from "../plugin/loader.ts";
import { systemSeed } from "../base/random.ts";
import { fetchSeed, isDepotUrl } from "../seed/depot/fetch_seed.ts";
import { claimsDirectory } from "../seed/claim/claims_directory.ts";
import { type Clock, sleep } from "../base/clock.ts";
import { readTokenKeys, type TokenRules } from "../token/token_keys.ts";
import { VERSION } from "../base/version.ts";
import { AccessHost, type HostLedger } from "./host/access_host.ts";
import type { HostSettings } from "./worker/host_settings.ts";
import { serverRoutes } from "./admin_routes.ts";
import { readClientHosts } from "./worker/client_hosts.ts";
import { HostSeed } from "./host/host_seed.ts";
import { startShow } from "./show/host_show.ts";
import { foreignAwardsProblems, showProblems } from "./show/show_flags.ts";
import { foundFileProblems, loginProblems, seedProblems } from "./option_problems.ts";
import { allowsVersion0, SERVER_FLAGS, type ServerOptions } from "./options.ts";

/** How long the worker threads may take to obey the order to stop. */
const STOP_MS = 2_000;
/** How long a port that is taken may still become free, and how often that is looked for. */
const PORT_WAIT_MS = 2_000;
const PORT_LOOK_MS = 20;

const FORM = {
  name: "server",
  about: "Holds connections and decides every shake.",
  flags: SERVER_FLAGS,
  examples: [
    { line: "redpkt server", shows: "takes users on port 1025, and forgets awards at its end" },
    {
      line: "redpkt server --ledger data --token-keys keys.txt --event gala",
      shows: "an event whose awards last",
    },
    {
      line: "redpkt server --ledger data --seed seeds/host-000.seed --seed-keys keys",
      shows: "gives tickets away",
    },
  ],
} satisfies CommandForm;

/** `redpkt server`: one access host. */
export const command: Command = {
  form: FORM,
  async run(host, args) {
    const file = await readConfigFile(configPath(args));
    const source = { place: `${file.path}: server.`, keyOf: (flag: string) => flag, values: file.server };
    const given = readCommand(host, FORM, args, source);
    if (given === undefined) return ExitCode.ok;
    const { values, problems } = given;
    problems.unshift(...file.problems);
    problems.push(
      ...seedProblems(values),
      ...loginProblems(values),
      ...booksProblems(values),
      ...showProblems(values),
      ...foreignAwardsProblems(values),
    );
    const { set: settings = [] } = values;
    const sources = pluginSources(values.plugins, values.seed !== undefined, host.program);
    const strange = foundFileProblems(file);
    problems.push(...strange);
    // Loading a plugin runs its code.
    const plugins = strange.length > 0 ? undefined : await collecting(
      problems,
      () => loadPlugins(sources, withSettings(file.plugins, settings), host.program),
    );
    problems.push(...booksPluginProblems(values, plugins ?? []));
    if (problems.length > 0) throw new UserError(problems.join("\n"));
    return await serve(host, { ...values as ServerOptions, plugins: [...sources] }, plugins!);
  },
};

/** The file that `--config` names: it must be read before the other flags mean anything. */
function configPath(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => arg === "--config" || arg.startsWith("--config="));
  if (at < 0) return undefined;
  return args[at].includes("=") ? args[at].slice("--config=".length) : args[at + 1];
}

/** Runs a check whose problems are to be told together with others. */
async function collecting<T>(problems: string[], check: () => Promise<T>): Promise<T | undefined> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

type Plugins = Awaited<ReturnType<typeof loadPlugins>>;

/** A server that is up: what it runs on, and what must be let go at its end. */
interface Running {
  readonly access: AccessHost;
  readonly settings: HostSettings;
  readonly series: Series;
  readonly lock: DirectoryLock | undefined;
  /** Where it looks up what other hosts say that they have awarded. */
  readonly foreign: SharedArrayBuffer | undefined;
}

async function serve(host: Host, options: ServerOptions, plugins: Plugins): Promise<number> {
  const stop = Promise.withResolvers<string>();
  let signals = 0;
  // Before anything is up: whoever is told to end while it starts ends in order, too.
  const forget = host.onStopSignal((signal) => {
    if (++signals > 1) host.exit(ExitCode.interrupted);
    stop.resolve(signal);
  });
  try {
    return await serveUntil(stop, host, options, plugins);
  } finally {
    forget();
  }
}

async function serveUntil(
  { promise: stopped, resolve: stop }: PromiseWithResolvers<string>,
  host: Host,
  options: ServerOptions,
  plugins: Plugins,
): Promise<number> {
  const log = openLog(host, "server");
  const startMs = host.clock.monotonicMs();
  const running = await start(host, options, plugins, log);
  const { access, settings, series } = running;
  const { foreign } = running;
  const show = startShow(host, options, access, log, { foreign, tokenRules: settings.tokenRules });
  await exportOpenTelemetry(host, "server", access.counters);
  const state = { isDraining: false };
  const admin = await serveApi(host, adminDoor(options), {
    title: "redpkt server",
    onAction: tellAction(series, log),
    onFault: tellFault(log),
    count: httpCounts(access.counters, access.setCount),
    version: VERSION,
    routes: [
      ...show.routes,
      ...serverRoutes({ ...running, state, stop, options, plugins, startMs, clock: host.clock }),
    ],
  });
  let exitCode: number = ExitCode.ok;
  access.onMoneyFailure((reason, code) => {
    exitCode = code;
    stop(reason);
  });
  log("info", "listening", {
    address: formatAddress(options.host),
    port: access.port,
    admin: `${admin.address.hostname}:${admin.address.port}`,
    engine: settings.engine,
    workers: settings.workers,
    sets: access.setCount,
    maxConnections: settings.capacity,
    randomSeed: settings.randomSeed,
    startedInMs: Math.round(host.clock.monotonicMs() - startMs),
  });
  collectGarbage();
  const reason = await stopped;
  state.isDraining = true;
  await show.stop();
  await end(running, reason, options["drain-seconds"], log);
  await admin.stop();
  return exitCode;
}

/** Starts all threads of a host, once nothing speaks against it. */
async function start(host: Host, options: ServerOptions, plugins: Plugins, log: Log): Promise<Running> {
  const settings = settingsOf(options, log);
  const lock = options.ledger === undefined ? undefined : DirectoryLock.take(options.ledger, "--ledger");
  if (options.ledger !== undefined) {
    refuseLostLedger(options.ledger, host.clock.wallMs(), log);
    refuseOtherHost(options.ledger, options["host-number"]);
  } else {
    log("warn", "awards are kept in memory and forgotten at the end: give --ledger DIR to keep them");
  }
  const isUnchecked = settings.tokenRules === undefined;
  if (isUnchecked) {
    log("warn", "tokens are not checked, so anybody can be any user: give --token-keys FILE");
  }
  const seed = await openSeed(host, options, log);
  const listener = await listenerFor(settings.engine, options, host.clock);
  const ledger = ledgerOf(options, seed);
  const made = { settings, listener, plugins, ledger, seed, books: hostBooks(options) };
  const access = await AccessHost.start(made, host.program, host.clock, log, host.exit);
  access.tell("loginsUnchecked", Number(isUnchecked));
  const series = new Series("server", access.counters, host.clock);
  series.clientHosts = () => readClientHosts(access.memory.clientHosts);
  series.beforeTaking = () => access.tellMoney();
  series.start();
  return { access, settings, series, lock, foreign: ledger.foreign };
}

/** Answers waiting winners, and ends all threads. */
async function end(
  { access, series, lock }: Running,
  reason: string,
  maxSeconds: number,
  log: Log,
): Promise<void> {
  log("info", "draining", { reason, connections: access.board.open, maxSeconds });
  const result = await access.drain(maxSeconds * 1000);
  const totals = series.totals();
  await access.stop(STOP_MS);
  // Whoever watches has every last count by this, and its stream ends, without which the API would wait for it.
  series.finish();
  log("info", "stopped", {
    allWinnersAnswered: result.isClean,
    connectionsLeft: result.connections,
    framesIn: totals.counters.framesIn,
    framesOut: totals.counters.framesOut,
    ...access.halves.status(),
  });
  lock?.release();
}

/** @throws UserError if this machine can't carry so many connections */
function settingsOf(options: ServerOptions, log: Log): HostSettings {
  const engine = chooseEngine(options.engine, log);
  const problems = whyNotStart({
    // A host that wasn't told how many takes as many as it can.
    users: options["max-connections"] || 1,
    roles: ["server"],
    engine,
    port: options.port,
    shakesPerS: 0,
    priority: options.priority,
  }, log);
  const workers = workersFor(engine, options.workers);
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  const wanted = options["max-connections"] || defaultConnections(engine);
  const capacity = Math.min(wanted, connectionLimit(engine));
  return {
    engine,
    workers,
    capacity,
    seats: Math.min(options["set-size"], capacity),
    randomSeed: options["random-seed"] || systemSeed(),
    verdictMs: options["verdict-ms"],
    allowsVersion0: allowsVersion0(options),
    tokenRules: tokenRulesOf(options),
    connectionLimits: {
      loginS: options["login-seconds"],
      frameS: options["frame-seconds"],
      readS: options["read-seconds"],
      idleS: options["idle-seconds"],
    },
    proxies: options["proxy-protocol"],
    priority: options.priority,
  };
}

/** The seed file that is given away, if one is. */
async function openSeed(host: Host, options: ServerOptions, log: Log): Promise<HostSeed | undefined> {
  if (options.seed === undefined) return undefined;
  const { seed, "seed-keys": keys, "seed-store": folder } = options;
  return await HostSeed.open(
    {
      path: isDepotUrl(seed)
        ? await fetchSeed(host, { url: seed, hostId: options["host-id"]!, keys, folder }, log)
        : seed,
      hostId: options["host-id"]!,
      keys: options["seed-keys"],
      ledger: options.ledger!,
      claims: claimsDirectory(host, options.claims),
      doubtMs: options["claim-seconds"] * 1_000,
    },
    host.clock,
  );
}

function ledgerOf(options: ServerOptions, seed: HostSeed | undefined): HostLedger {
  const { ledger: directory, "ledger-sync": sync } = options;
  return {
    store: directory === undefined ? undefined : { directory, sync },
    durableTime: directory === undefined ? undefined : readDurableTime(directory),
    limits: limitsOf(options, seed),
    hostNumber: options["host-number"],
    foreign: options["foreign-awards"] === 0
      ? undefined
      : new SharedArrayBuffer(foreignAwardsBytes(options["foreign-awards"])),
  };
}

/** Refuses a ledger that has lost rows, before anything starts and before any of its files is changed. */
function refuseLostLedger(directory: string, wallMs: number, log: Log): void {
  try {
    for (const { file, name, why } of refuseLostRows(directory, wallMs)) {
      log("warn", "made anew, since it is damaged", { file: `${directory}/${file}`, why, keptAs: name });
    }
  } catch (error) {
    // A disk that fails now is for the ledger's own thread, which looks again and tries again.
    if (!(error instanceof StoreFailed)) throw error;
  }
}

function adminDoor(options: ServerOptions): Door {
  return { flag: "--admin", what: "the admin API", address: options.admin, names: options["allow-host"] };
}

/** A ledger that lasts is for an event, where everybody may win a little; one in memory is for trying things out. */
function limitsOf(options: ServerOptions, seed: HostSeed | undefined): LedgerLimits {
  const { packetsPerUser = 3, packetsPerSponsor = 1 } = seed?.limits ?? {};
  const lasts = options.ledger !== undefined;
  return {
    packetsPerUser: (options["packets-per-user"] ?? (lasts ? packetsPerUser : 0)) || Infinity,
    packetsPerSponsor: (options["packets-per-sponsor"] ?? (lasts ? packetsPerSponsor : 0)) || Infinity,
  };
}

function tokenRulesOf(options: ServerOptions): TokenRules | undefined {
  const path = options["token-keys"];
  return path === undefined ? undefined : { keys: readTokenKeys(path, "--token-keys"), event: options.event };
}

function workersFor(engine: EngineName, wanted: number): number {
  if (engine !== "deno") return wanted || navigator.hardwareConcurrency;
  // Deno can't hand a socket to another thread, and a listener a thread would spread connections unevenly.
  if (wanted > 1) throw new UserError(`--workers ${wanted}: engine deno has one worker. Leave the flag out`);
  return 1;
}

/** A killed predecessor may hold the port for a moment, while the kernel clears its connections: that is waited for. */
async function listenerFor(engine: EngineName, options: ServerOptions, clock: Clock): Promise<Listener> {
  if (engine === "deno") {
    return { kind: "address", hostname: formatAddress(options.host), port: options.port };
  }
  const untilMs = clock.monotonicMs() + PORT_WAIT_MS;
  for (;;) {
    try {
      return {
        kind: "descriptor",
        ...openListener(options.host, options.port, options["read-seconds"] * 1000),
      };
    } catch (error) {
      const isTaken = error instanceof UserError && error.message.includes(PORT_TAKEN);
      if (!isTaken || clock.monotonicMs() >= untilMs) throw error;
    }
    await sleep(PORT_LOOK_MS);
  }
}
