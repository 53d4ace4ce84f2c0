import type { Host } from "../cli/host.ts";
import { formatCount } from "../cli/units.ts";
import { UserError } from "../cli/user_error.ts";
import type { EngineName } from "../engine/engine.ts";
import { connectionsPerPair, readPortRange } from "../engine/port_range.ts";
import { Child } from "./child.ts";
import type { Reading } from "./measures.ts";
import type { FullScenario } from "./scenario.ts";

/** How much more often than on average a user may shake before the cap of its connection bites. */
const CAP_HEADROOM = 4;
const LEAST_CAP_PER_S = 100;

export interface StageOptions {
  readonly engine: EngineName;
  readonly users: number;
  readonly serverWorkers: number;
  readonly clientWorkers: number;
  /** Further flags for the server, from the command line of the rehearsal. */
  readonly serverFlags: readonly string[];
}

/** The real processes of a rehearsal on this machine: one server and one fleet, on loopback. */
export class Stage {
  readonly server: Child;
  readonly client: Child;
  /** The cap of a connection that the server was given, in shakes a second. */
  readonly connectionCapPerS: number;

  private constructor(server: Child, client: Child, connectionCapPerS: number) {
    this.server = server;
    this.client = client;
    this.connectionCapPerS = connectionCapPerS;
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
    const most = Math.max(...scenario.phases.map(({ shakesPerS }) => shakesPerS));
    const cap = Math.max(LEAST_CAP_PER_S, Math.ceil(CAP_HEADROOM * most / options.users));
    const server = new Child(host, [
      "server",
      // Only this machine can connect, unless the users need more addresses than one.
      ...["--host", addresses === 1 ? "127.0.0.1" : "0.0.0.0", "--port", "0", "--admin", "127.0.0.1:0"],
      ...["--engine", options.engine, "--workers", String(options.serverWorkers)],
      ...["--set", `throttle.connectionPerS=${cap}`, "--set", `throttle.connectionBurst=${2 * cap}`],
      ...options.serverFlags,
    ]);
    try {
      const { port } = await server.started("listening", "admin");
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
        ...["--connect-rate", String(scenario.connectsPerS)],
      ]);
      const stage = new Stage(server, client, cap);
      await client.started("ready", "control").catch(async (error) => {
        await stage.stop();
        throw error;
      });
      return stage;
    } catch (error) {
      await server.stop(1_000);
      throw error;
    }
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
  }
}
