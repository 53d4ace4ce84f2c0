import type { Host } from "../../cli/host.ts";
import { formatCount } from "../../base/units.ts";
import { UserError } from "../../base/user_error.ts";
import type { EngineName } from "../../engine/common/engine.ts";
import { PORT_TAKEN } from "../../engine/common/not_bound.ts";
import { connectionsPerPair, readPortRange } from "../../os/port_range.ts";
import { Child } from "./child.ts";
import { CpuQuota } from "./cpu_quota.ts";
import { RehearsedPlugins } from "./plugins.ts";
import { HeldPort } from "./held_port.ts";
import type { Reading } from "../measure/measures.ts";
import { type FullScenario, killsServer } from "../measure/scenario.ts";

/** How often a server that was killed is started again while its port isn't free; each waits a while for it. */
const MOST_STARTS = 5;

export interface StageOptions {
  readonly engine: EngineName;
  readonly users: number;
  readonly serverWorkers: number;
  readonly clientWorkers: number;
  /** Further flags for the server, from the command line of the rehearsal. */
  readonly serverFlags: readonly string[];
  /** Where the ledger lasts, and what the fleet saw is written; absent: nothing is kept. */
  readonly ledger?: string;
  readonly awards?: string;
}

/** The real processes of a rehearsal on this machine: one server and one fleet, on loopback. */
export class Stage {
  server: Child;
  readonly client: Child;
  /** What holds the server to its share of a core, if anything does. */
  readonly quota: CpuQuota | undefined;
  /** The plugins of the server. */
  readonly plugins: RehearsedPlugins;
  /** What they were set to, by `PLUGIN.KEY`. */
  readonly settings: Readonly<Record<string, number | string>>;

  readonly #startServer: () => Child;
  readonly #heldPort: HeldPort | undefined;

  private constructor(
    startServer: () => Child,
    server: Child,
    client: Child,
    plugins: RehearsedPlugins,
    settings: Readonly<Record<string, number | string>>,
    quota: CpuQuota | undefined,
    heldPort: HeldPort | undefined,
  ) {
    this.#startServer = startServer;
    this.#heldPort = heldPort;
    this.quota = quota;
    this.server = server;
    this.client = client;
    this.plugins = plugins;
    this.settings = settings;
  }

  /**
   * Starts both processes, with nobody connected yet.
   *
   * @throws UserError with a process's own words if it can't start
   */
  static async start(host: Host, scenario: FullScenario, options: StageOptions): Promise<Stage> {
    const usersPerAddress = connectionsPerPair(readPortRange());
    const addresses = Math.ceil(options.users / usersPerAddress);
    if (addresses > 250) {
      throw new UserError(`--users ${options.users}: at most ${formatCount(250 * usersPerAddress)}`);
    }
    const { cores, flags = {}, set = {} } = scenario.server ?? {};
    const plugins = await RehearsedPlugins.load(scenario, options.serverFlags, host.program);
    const settings = {
      ...plugins.settings({
        users: options.users,
        shakesPerS: Math.max(0, ...scenario.phases.map(({ shakesPerS }) => shakesPerS)),
      }),
      ...set,
    };
    const quota = cores === undefined ? undefined : CpuQuota.open(`redpkt-${Deno.pid}`, cores);
    // A server that is killed must find its port again.
    const heldPort = killsServer(scenario) ? HeldPort.take() : undefined;
    const startServer = () =>
      new Child(host, [
        "server",
        // Only this machine can connect, unless the users need more addresses than one.
        ...[
          "--host",
          addresses === 1 ? "127.0.0.1" : "0.0.0.0",
          "--port",
          String(heldPort?.port ?? 0),
          "--admin",
          "127.0.0.1:0",
        ],
        ...(options.ledger === undefined ? [] : ["--ledger", options.ledger]),
        ...["--engine", options.engine, "--workers", String(options.serverWorkers)],
        ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
        ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
        ...options.serverFlags,
      ]);
    const server = startServer();
    try {
      const { port } = await server.started("listening", "admin");
      quota?.hold(server.pid);
      const last = addresses === 1 ? "" : `-127.0.0.${addresses}`;
      const client = new Child(host, [
        "client",
        ...["--users", `0-${options.users - 1}`, "--server", `127.0.0.1${last}:${port}`, "--qps", "0"],
        ...[
          "--control",
          "127.0.0.1:0",
          "--engine",
          options.engine,
          "--workers",
          String(options.clientWorkers),
        ],
        ...["--connect-rate", String(scenario.connectsPerS), "--protocol", String(scenario.protocol)],
        ...(options.awards === undefined ? [] : ["--awards", options.awards]),
        ...fleetFlags(scenario.fleet),
      ]);
      const stage = new Stage(startServer, server, client, plugins, settings, quota, heldPort);
      await client.started("ready", "control").catch(async (error) => {
        await stage.stop();
        throw error;
      });
      return stage;
    } catch (error) {
      await server.stop(1_000);
      heldPort?.[Symbol.dispose]();
      throw error;
    }
  }

  /** Kills the server in the middle of its work, and starts it again; resolves when it listens. */
  async crashServer(): Promise<void> {
    await this.server.crash();
    for (let starts = 1;; starts++) {
      this.server = this.#startServer();
      try {
        await this.server.started("listening", "admin");
        break;
      } catch (error) {
        // On a busy machine the kernel is still clearing the connections of the one that was killed.
        const isTaken = error instanceof UserError && error.message.includes(PORT_TAKEN);
        if (!isTaken || starts === MOST_STARTS) throw error;
      }
    }
    this.quota?.hold(this.server.pid);
  }

  /** Of both processes, and of this one. */
  get pids(): readonly number[] {
    return [Deno.pid, this.server.pid, this.client.pid];
  }

  /** Both processes' counters, read now. */
  async read(): Promise<Reading> {
    const [server, client] = await Promise.all([this.server.totals(), this.client.totals()]);
    return { server, client };
  }

  /** Ends both, the fleet first. */
  async stop(): Promise<void> {
    await this.client.stop(10_000);
    await this.server.stop(30_000);
    this.#heldPort?.[Symbol.dispose]();
    this.quota?.close();
  }
}

function fleetFlags(fleet: FullScenario["fleet"]): string[] {
  if (fleet === undefined) return [];
  const { shakeEveryS, misbehave, disobey, inTimeMs, patienceMs, open } = fleet;
  const parts = Object.entries(misbehave).map(([name, share]) => `${name}=${share}`);
  return [
    ...(shakeEveryS === undefined ? [] : ["--shake-every", shakeEveryS.join("-")]),
    ...(disobey === 0 ? [] : ["--disobey", String(disobey)]),
    ...(parts.length === 0 ? [] : ["--misbehave", parts.join(",")]),
    ...["--in-time-ms", String(inTimeMs), "--patience-ms", String(patienceMs)],
    ...(open === undefined ? [] : ["--open", String(open)]),
  ];
}
