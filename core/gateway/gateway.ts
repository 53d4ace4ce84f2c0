import { httpCounts } from "../admin/http_metrics.ts";
import { serveApi } from "../admin/serve.ts";
import { exportOpenTelemetry } from "../admin/telemetry/open_telemetry.ts";
import { tellAction, tellFault } from "../admin/telemetry/telemetry.ts";
import { Random, systemSeed } from "../base/random.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { VERSION } from "../base/version.ts";
import { type Command, type CommandForm, readCommand } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { withSettings } from "../cli/config_file.ts";
import { type Log, openLog } from "../cli/log.ts";
import { dialedHosts } from "../hosts/list/dial_list.ts";
import { HostListFile } from "../hosts/list/list_file.ts";
import { resolveServers } from "../os/resolve_servers.ts";
import { listOfServers } from "./relay/server_hosts.ts";
import { every } from "../base/clock.ts";
import { Series } from "../counters/series.ts";
import { chooseEngine } from "../engine/choose.ts";
import type { EngineName } from "../engine/common/engine.ts";
import { collectGarbage } from "../os/collect_garbage.ts";
import { descriptorLimit } from "../os/descriptors.ts";
import { type DoorPlugin, loadDoorPlugins } from "../plugin/doors.ts";
import { gatewayRoutes } from "./admin_routes.ts";
import { DEFAULT_SERVERS, GATEWAY_FLAGS, type GatewayFlags, gatewayProblems } from "./options.ts";
import { GATEWAY_DESCRIPTORS, RunningGateway } from "./running_gateway.ts";
import { readTls, watchTls } from "./tls/tls_files.ts";

/** How often the host list is looked at. */
const HOSTS_LOOK_MS = 1_000;

const FORM = {
  name: "gateway",
  about: "Takes WebSockets and brings their frames to servers.",
  flags: GATEWAY_FLAGS,
  examples: [
    { line: "redpkt gateway", shows: "brings browsers to the server of this machine" },
    {
      line: "redpkt gateway --server 10.0.0.1-10.0.0.4:1025 --tls-cert site.pem --tls-key site.key",
      shows: "TLS in front of four servers",
    },
  ],
} satisfies CommandForm;

/** `redpkt gateway`: takes WebSockets, and brings their frames to servers. */
export const command: Command = {
  form: FORM,
  async run(host, args) {
    const given = readCommand(host, FORM, args);
    if (given === undefined) return ExitCode.ok;
    const { values, problems } = given;
    problems.push(...gatewayProblems(values));
    const doorPlugins = await loadDoor(host, values, problems);
    if (problems.length > 0) throw new UserError(problems.join("\n"));
    const flags = values as GatewayFlags;
    const server = flags.server.length === 0 ? DEFAULT_SERVERS : flags.server;
    return await serve(host, { ...flags, server }, doorPlugins);
  },
};

/** How many WebSockets descriptors allow: each takes one, and another for its server but with engine `uring`. */
export function gatewayCapacity(engine: EngineName, wanted: number): number {
  const free = Math.max(1, descriptorLimit() - GATEWAY_DESCRIPTORS);
  const possible = engine === "uring" ? free : Math.max(1, Math.floor(free / 2));
  return Math.min(wanted || possible, possible);
}

/** What plugins say at the door; what is wrong with them joins the problems. */
async function loadDoor(
  { program }: Host,
  { plugins, set = [] }: Partial<GatewayFlags>,
  problems: string[],
): Promise<DoorPlugin[]> {
  try {
    return await loadDoorPlugins(plugins, withSettings({}, set), program);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(error.message);
    return [];
  }
}

async function serve(host: Host, flags: GatewayFlags, doorPlugins: readonly DoorPlugin[]): Promise<number> {
  const { clock } = host;
  const startMs = clock.monotonicMs();
  const log = openLog(host, "gateway");
  const paths = flags["tls-cert"] === undefined
    ? undefined
    : { cert: flags["tls-cert"], key: flags["tls-key"]! };
  const tls = paths === undefined ? undefined : readTls(paths);
  const engine = chooseEngine(flags.engine, log);
  const capacity = gatewayCapacity(engine, flags["max-connections"]);
  if (flags["max-connections"] > capacity) {
    log("warn", "fewer connections than asked for", {
      maxConnections: capacity,
      reason: "the limit of descriptors: raise ulimit -n",
    });
  }
  const list = flags.hosts === undefined ? undefined : new HostListFile(flags.hosts, flags["hosts-keys"]);
  const servers = list === undefined
    ? listOfServers(await resolveServers("--server", flags.server))
    : await dialedHosts(list.list, flags.network);
  const gateway = await RunningGateway.start({
    listen: flags.listen,
    tls,
    servers,
    engine,
    capacity,
    limits: {
      messageBytes: flags["message-bytes"],
      queueBytes: flags["queue-bytes"],
      loginS: flags["login-seconds"],
      readS: flags["read-seconds"],
    },
    origins: flags["allow-origin"],
    doorPlugins,
    sendsProxyProtocol: flags["send-proxy-protocol"],
    clock,
    random: new Random(systemSeed()),
  });
  const stopWatching = paths === undefined
    ? () => {}
    : watchTls(paths, tls!, log, (pair) => gateway.renew(pair));
  const stopLooking = list === undefined ? () => {} : watchHosts(gateway, list, flags.network, log);
  const series = new Series("gateway", gateway.counters, clock);
  series.start();
  await exportOpenTelemetry(host, "gateway", gateway.counters);
  const { promise: stopped, resolve: stop } = Promise.withResolvers<string>();
  const door = { flag: "--admin", what: "the admin API", address: flags.admin, names: flags["allow-host"] };
  const admin = await serveApi(host, door, {
    title: "redpkt gateway",
    onAction: tellAction(series, log),
    onFault: tellFault(log),
    count: httpCounts(gateway.counters, 0),
    version: VERSION,
    routes: gatewayRoutes({ gateway, series, flags, doorPlugins, engine, capacity, clock, startMs, stop }),
  });
  let signals = 0;
  const forget = host.onStopSignal((signal) => {
    if (++signals > 1) host.exit(ExitCode.interrupted);
    stop(signal);
  });
  log("info", "listening", {
    address: gateway.address.hostname,
    port: gateway.address.port,
    tls: tls !== undefined,
    admin: `${admin.address.hostname}:${admin.address.port}`,
    engine,
    servers: gateway.hosts.all.length,
    maxConnections: capacity,
    startedInMs: Math.round(clock.monotonicMs() - startMs),
  });
  collectGarbage();
  const reason = await stopped;
  log("info", "draining", { reason, connections: gateway.relay.size, maxSeconds: flags["drain-seconds"] });
  await gateway.drain(flags["drain-seconds"] * 1_000);
  stopWatching();
  stopLooking();
  const { counters: totals } = series.totals();
  series.finish();
  log("info", "stopped", { framesIn: totals.framesIn, framesOut: totals.framesOut });
  forget();
  await admin.stop();
  return ExitCode.ok;
}

/** Goes by a newer list as soon as there is one. */
function watchHosts(
  gateway: RunningGateway,
  file: HostListFile,
  networks: readonly string[],
  log: Log,
): () => void {
  const refused = (why: string) => {
    gateway.relay.count("hostListsRefused");
    log("warn", "host list refused", { why });
  };
  return every(HOSTS_LOOK_MS, () => {
    const news = file.look();
    if (news?.is === "refused") return refused(`${news.fault}: ${news.why}`);
    if (news === undefined) return;
    dialedHosts(news.list, networks).then(
      (dialed) => {
        gateway.hosts.renew(dialed);
        gateway.relay.count("hostListsTaken");
        log("info", "host list", { version: dialed.version });
      },
      (error) => refused(error instanceof Error ? error.message : String(error)),
    );
  });
}
