import { listOfServers } from "../gateway/relay/server_hosts.ts";
import type { TlsPair } from "../admin/http_server.ts";
import type { HttpAddress } from "../admin/serve.ts";
import type { Clock } from "../base/clock.ts";
import { Random, systemBytes, systemSeed } from "../base/random.ts";
import { exists } from "../base/exists.ts";
import type { Program } from "../cli/host.ts";
import type { Log } from "../cli/log.ts";
import { chooseEngine } from "../engine/choose.ts";
import { addressNumber } from "../gateway/door/address_number.ts";
import { type PageServer, RunningGateway } from "../gateway/running_gateway.ts";
import { makeSelfSigned } from "../gateway/tls/self_signed.ts";
import { readTls, type TlsPaths, watchTls } from "../gateway/tls/tls_files.ts";
import { parseAddress } from "../os/address.ts";
import { Door, type DoorPlugin, loadDoorPlugins } from "../plugin/doors.ts";
import { loadPlugin } from "../plugin/loader.ts";
import type { PluginEvening } from "../plugin/plugin.ts";
import { frames } from "../wire/v1/frames.ts";
import { ownHosts } from "./links.ts";
import type { Presence } from "./state/presence.ts";

/** A phone and a forgotten tab for each guest, and what the host has open. */
const SPARE = { times: 3, more: 50 };
const LIMITS = { messageBytes: 4_096, queueBytes: 64 * 1024, loginS: 10, readS: 20 };
const DAY_MS = 86_400_000;

export interface DoorOptions {
  readonly program: Program;
  readonly listen: HttpAddress;
  /** Where the certificate is; undefined for plain HTTP. */
  readonly tls: TlsPaths | undefined;
  readonly serverPort: number;
  readonly guests: number;
  readonly presence: Presence;
  readonly serve: PageServer;
  readonly clock: Clock;
  readonly log: Log;
}

export interface OpenDoor {
  readonly address: HttpAddress;
  /** 0 for whoever may ask for a token from this address, else when they may come again, in ms. */
  tokenWaitMs(address: string): number;
  close(): Promise<void>;
}

/** Opens the one port of a party: a gateway for phones, with the pages beside it. @throws UserError if it can't be had */
export async function openDoor(options: DoorOptions): Promise<OpenDoor> {
  const { program, listen, tls, serverPort, guests, presence, serve, clock, log } = options;
  const pair = tls === undefined ? undefined : readTls(tls);
  const most = guests * SPARE.times + SPARE.more;
  const gateway = await RunningGateway.start({
    listen,
    tls: pair,
    servers: listOfServers([{ address: parseAddress("127.0.0.1")!, port: serverPort }]),
    engine: chooseEngine("auto", log),
    capacity: most,
    // The news, and frames for phones that refuse WebSockets.
    streams: 2 * most,
    limits: LIMITS,
    origins: [],
    doorPlugins: await doorPlugins(program, "door"),
    sendsProxyProtocol: false,
    serve,
    watch: {
      came: (user) => presence.came(user),
      went: (user) => presence.went(user),
      said: (user, opcode) => {
        if (opcode === frames.shake.opcode) presence.shook(user);
      },
    },
    clock,
    random: new Random(systemSeed()),
  });
  const stopWatching = tls === undefined
    ? () => {}
    : watchTls(tls, pair!, log, (renewed: TlsPair) => gateway.renew(renewed));
  const { counters } = gateway;
  const tokenDoor = new Door(
    await doorPlugins(program, "tokenDoor"),
    (metric) => counters.block(0)[counters.layout.handle(metric)]++,
  );
  return {
    address: gateway.address,
    tokenWaitMs: (address) => tokenDoor.connect(addressNumber(address), clock.monotonicMs()),
    async close() {
      stopWatching();
      await gateway.stop();
    },
  };
}

/** What plugins say at a door of an evening, as they want it there. */
async function doorPlugins(
  program: Program,
  which: keyof Pick<PluginEvening, "door" | "tokenDoor">,
): Promise<DoorPlugin[]> {
  const plugins = await Promise.all(program.defaultPlugins.map((name) => loadPlugin(name, program)));
  const configs = plugins.flatMap(({ name, evening }) =>
    evening?.[which] === undefined ? [] : [[name, evening[which]] as const]
  );
  return await loadDoorPlugins(undefined, Object.fromEntries(configs), program);
}

/** A certificate that this machine makes itself, kept with the party, so that phones are asked about it once. */
export async function ownCertificate(folder: string, wallMs: number): Promise<TlsPaths> {
  const paths = { cert: `${folder}/tls-cert.pem`, key: `${folder}/tls-key.pem` };
  const names = ownHosts(Deno.networkInterfaces());
  const isFresh = exists(paths.cert) && exists(paths.key) &&
    wallMs - (Deno.statSync(paths.cert).mtime?.getTime() ?? 0) < 300 * DAY_MS;
  if (isFresh) return paths;
  const { cert, key } = await makeSelfSigned({ names, wallMs, serial: systemBytes(16) });
  Deno.writeTextFileSync(paths.key, key, { mode: 0o600 });
  Deno.writeTextFileSync(paths.cert, cert);
  return paths;
}
