import process from "node:process";
import { z } from "zod";
import { httpCounts } from "../admin/http_metrics.ts";
import { allowHostFlag } from "../admin/host_name.ts";
import { httpAddress } from "../admin/http_address.ts";
import type { Route } from "../admin/api.ts";
import { openDoor, serveApi } from "../admin/serve.ts";
import { PROMETHEUS_TYPE, prometheusText } from "../admin/telemetry/prometheus.ts";
import { tellFault } from "../admin/telemetry/telemetry.ts";
import { every, sleep } from "../base/clock.ts";
import { formatCount } from "../base/units.ts";
import { Random, systemSeed } from "../base/random.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { VERSION } from "../base/version.ts";
import { flag, type Flags, type FlagValues } from "../cli/flags.ts";
import { commandOf, commandOfActions } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { type Log, openLog } from "../cli/log.ts";
import { Stages } from "../cli/progress.ts";
import { Counters } from "../counters/counters.ts";
import { KeyFolder } from "../seed/file/keys.ts";
import { manifestPath, packDepot } from "./manifest/pack.ts";
import { type Manifest, readManifest } from "./manifest/manifest.ts";
import { Depot } from "./serve/depot.ts";
import { DepotFiles, writtenMs } from "./serve/depot_files.ts";
import { depotLayout } from "./serve/metrics.ts";

const dirFlag = flag("DIR", "the depot's folder: its manifest and chunks", z.string().default("depot"));
const keysFlag = flag("DIR", "folder of keys; see redpkt seed key", z.string().default("keys"));

const SERVE_FLAGS = {
  dir: dirFlag,
  keys: keysFlag,
  listen: flag(
    "HOST:PORT",
    "address where phones and caches fetch, port 0 for any free one [127.0.0.1:8080]",
    httpAddress("127.0.0.1:8080").prefault("127.0.0.1:8080"),
  ),
  admin: flag(
    "HOST:PORT",
    "address of the admin API: /health, /metrics, /drain [127.0.0.1:8990]",
    httpAddress("127.0.0.1:8990").prefault("127.0.0.1:8990"),
  ),
  "allow-host": allowHostFlag("the admin API"),
} satisfies Flags;

const PACK_FLAGS = { dir: dirFlag, keys: keysFlag, json: JSON_FLAG } satisfies Flags;

/** How often it looks whether the manifest was written anew, in ms. */
const LOOK_MS = 1_000;
/** How long answers that are under way may take at the end, in ms. */
const DRAIN_MS = 15_000;
/** More connections at once than an admin API has: phones come through caches, and caches keep theirs. */
const LIMITS = { connections: 4_096, streams: 0, requestMs: 10_000, readMs: 20_000 };

const packCommand = commandOf({
  name: "depot pack",
  about: "Cuts a plan's files into chunks of 256 KiB by their SHA-256, and signs a manifest of them.\n" +
    "Packages that haven't changed keep their version, and phones fetch only chunks that are new.",
  takes: "PLAN.json",
  flags: PACK_FLAGS,
  examples: [{ line: "redpkt depot pack depot.json", shows: "packs what the plan names" }],
}, pack);

const serveCommand = commandOf({
  name: "depot",
  about: "Serves a packed folder over HTTP, within the caps and windows of its manifest.",
  flags: SERVE_FLAGS,
  examples: [{ line: "redpkt depot", shows: "serves what redpkt depot pack has packed" }],
}, serve);

/** `redpkt depot`: serves what phones fetch in idle time. */
export const command = commandOfActions(serveCommand.form, { pack: packCommand }, serveCommand.run);

async function serve(host: Host, values: FlagValues<typeof SERVE_FLAGS>): Promise<number> {
  const log = openLog(host, "depot");
  const keys = new KeyFolder(values.keys);
  const counters = new Counters(depotLayout, 1);
  let seenMs = writtenMs(values.dir);
  const files = new DepotFiles(values.dir, keys);
  const depot = new Depot({ files, clock: host.clock, random: new Random(systemSeed()), counters });
  const { promise: stopAsked, resolve: stop } = Promise.withResolvers<string>();
  const count = httpCounts(counters, 0);
  const api = await serveApi(host, {
    flag: "--admin",
    what: "the admin API",
    address: values.admin,
    names: values["allow-host"],
  }, {
    title: "redpkt depot",
    version: VERSION,
    onFault: tellFault(log),
    count,
    routes: adminRoutes(depot, counters, () => stop("asked by the admin API")),
  });
  const listen = { flag: "--listen", what: "the depot", address: values.listen, names: [] };
  const door = await openDoor(listen, {
    guard: depot.guard,
    fetch: (request) => answer(depot, request, log),
    count,
  }, LIMITS).catch(async (error) => {
    await api.stop();
    throw error;
  });
  const forget = host.onStopSignal((signal) => stop(signal));
  const endLooking = every(LOOK_MS, () => {
    seenMs = reread(values.dir, keys, depot, seenMs, log);
  });
  const { manifest, sha256 } = files.signed;
  const at = ({ address: { hostname, port } }: typeof api) => `${hostname}:${port}`;
  log("info", "listening", {
    listen: at(door),
    admin: at(api),
    manifest: manifest.version,
    sha256,
    packages: manifest.packages.length,
  });
  const reason = await stopAsked;
  depot.isDraining = true;
  log("info", "draining", { reason, sending: depot.sending });
  const untilMs = host.clock.monotonicMs() + DRAIN_MS;
  while (depot.sending > 0 && host.clock.monotonicMs() < untilMs) await sleep(50);
  forget();
  endLooking();
  await Promise.all([door.stop(), api.stop()]);
  log("info", "stopped", {
    bytes: counters.total("depotBytesOut"),
    chunks: counters.total("depotChunksOut"),
  });
  return ExitCode.ok;
}

async function answer(depot: Depot, request: Request, log: Log): Promise<Response> {
  try {
    return await depot.fetch(request);
  } catch (error) {
    log("error", "not answered", { error: error instanceof Error ? error.message : String(error) });
    return Response.json({ errors: ["a fault of the depot: its log says which"] }, { status: 500 });
  }
}

/** Serves a manifest that was written anew, or goes on with the one before, and says why. */
function reread(dir: string, keys: KeyFolder, depot: Depot, seenMs: number, log: Log): number {
  depot.look();
  const nowMs = writtenMs(dir);
  if (nowMs === seenMs || nowMs === 0) return seenMs;
  try {
    const files = new DepotFiles(dir, keys);
    depot.replace(files);
    log("info", "manifest", { version: files.signed.manifest.version, sha256: files.signed.sha256 });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log("error", "manifest refused", { reason: error.message });
  }
  return nowMs;
}

function adminRoutes(depot: Depot, counters: Counters, stop: () => void): Route[] {
  return [
    {
      method: "get",
      path: "/health",
      summary: "Answers while the process is alive",
      handle: () => ({ ok: true, isDraining: depot.isDraining }),
    },
    {
      method: "get",
      path: "/metrics",
      summary: "Everything in the Prometheus text format",
      handle: () => {
        depot.look();
        const { user, system } = process.cpuUsage();
        const usage = {
          role: "depot",
          cpuMs: (user + system) / 1000,
          rssBytes: Deno.memoryUsage().rss,
        };
        const headers = { "content-type": PROMETHEUS_TYPE };
        return new Response(prometheusText(counters, usage), { headers });
      },
    },
    {
      method: "post",
      path: "/drain",
      summary: "Begins nothing new, ends what is under way, and ends the process",
      handle: stop,
    },
  ];
}

function pack(host: Host, values: FlagValues<typeof PACK_FLAGS>, operands: readonly string[]): number {
  if (operands.length !== 1) throw new UserError("give a plan, such as depot.json");
  const keys = new KeyFolder(values.keys);
  const key = keys.signing();
  if (key === undefined) {
    throw new UserError(`${values.keys}: no key signs there. Make one: redpkt seed key new --keys DIR`);
  }
  const stages = new Stages(host);
  const { signed, newChunks, newBytes, changed } = packDepot(
    operands[0],
    values.dir,
    key,
    manifestBefore(values.dir, keys),
    stages.on,
  );
  stages.end();
  const { manifest, sha256 } = signed;
  const bytes = manifest.packages.reduce((sum, one) => sum + one.bytes, 0);
  const result = {
    manifest: manifestPath(values.dir),
    version: manifest.version,
    sha256,
    key: key.id,
    packages: manifest.packages.length,
    bytes,
    changed,
    newChunks,
    newBytes,
  };
  writeResult(
    host,
    values.json,
    result,
    () =>
      `${result.manifest}: version ${manifest.version}, ${formatCount(result.packages)} packages, ` +
      `${formatCount(bytes)} bytes\n` +
      `${formatCount(changed.length)} packages changed, ${formatCount(newChunks)} chunks are new ` +
      `(${formatCount(newBytes)} bytes)\nsha256 ${sha256}\n`,
  );
  return ExitCode.ok;
}

function manifestBefore(dir: string, keys: KeyFolder): Manifest | undefined {
  if (writtenMs(dir) === 0) return undefined;
  return readManifest(Deno.readFileSync(manifestPath(dir)), keys.trusted(), manifestPath(dir)).manifest;
}
