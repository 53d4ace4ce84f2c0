import { sleep } from "../../base/clock.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import type { Host } from "../../cli/host.ts";
import { type HostList, parseHostList } from "../../hosts/list/host_list.ts";
import { signHostList } from "../../hosts/list/signed_list.ts";
import { KeyFolder } from "../../seed/file/keys.ts";
import type { FullScenario, HostsScenario } from "../measure/scenario.ts";
import { Child } from "../stage/child.ts";
import { HeldPort } from "../stage/held_port.ts";
import { RehearsedPlugins } from "../stage/plugins.ts";

const EVENT = "rehearsal";
const LOOK_MS = 100;
/** How long servers may take to start, and users to log in, on a busy machine. */
const START_MS = 120_000;
const STOP_MS = 30_000;
/** So many servers start at the same time: each takes a core for a moment, and must be there within 30 s. */
const STARTS_AT_ONCE = 2;

/** What a rehearsal of several hosts is played with. */
export interface HostsStageOptions {
  readonly folder: string;
  readonly users: number;
  readonly engine: string;
  readonly signal: AbortSignal;
}

/** What the fleet says of itself. */
export interface FleetStatus {
  readonly ready: number;
  readonly outstanding: number;
}

/** One host of the stage; its process changes when it is started again. */
export interface StagedHost {
  readonly name: string;
  readonly number: number;
  readonly cluster: string;
  readonly city: string;
  /** Its loopback address, one for each host. */
  readonly address: string;
  /** Address of its admin API, once it has been started. */
  admin: string;
  /** Undefined while it is down. */
  child: Child | undefined;
}

/** The processes of a rehearsal of several hosts, on loopback: the hosts, and a fleet that goes by their list. */
export class HostsStage implements AsyncDisposable {
  readonly hosts: readonly StagedHost[];
  fleet!: Child;
  readonly #host: Host;
  readonly #scenario: FullScenario;
  readonly #options: HostsStageOptions;
  readonly #settings: HostsScenario;
  readonly #port = HeldPort.take();
  readonly #keys: KeyFolder;
  #plugins!: RehearsedPlugins;

  constructor(host: Host, scenario: FullScenario, settings: HostsScenario, options: HostsStageOptions) {
    this.#host = host;
    this.#scenario = scenario;
    this.#settings = settings;
    this.#options = options;
    this.#keys = new KeyFolder(`${options.folder}/keys`);
    let number = 0;
    this.hosts = settings.clusters.flatMap(({ name, city, hosts }) =>
      Array.from({ length: hosts }, (_, i): StagedHost => ({
        name: `${name}-${i + 1}`,
        number: ++number,
        cluster: name,
        city,
        address: `127.0.0.${number}`,
        admin: "127.0.0.1:0",
        child: undefined,
      }))
    );
  }

  get ledgers(): string[] {
    return this.hosts.map((host) => this.#ledgerOf(host));
  }

  get awards(): string {
    return `${this.#options.folder}/awards.csv`;
  }

  /** The signed list, by which users and whoever drains find hosts. */
  get list(): string {
    return `${this.#options.folder}/hosts.signed`;
  }

  get listFlags(): readonly string[] {
    return ["--hosts", this.list, "--hosts-keys", this.#keys.path];
  }

  /** Hosts by a name: of one, of a cluster or of a city; or all. */
  named(name: string): readonly StagedHost[] {
    const found = this.hosts.filter((host) =>
      name === "all" || [host.name, host.cluster, host.city].includes(name)
    );
    if (found.length > 0) return found;
    throw new UserError(`scenario ${this.#scenario.name}: ${name} is no host, cluster or city`);
  }

  /** Starts all hosts and the fleet; returns when every user is in. */
  async start(): Promise<void> {
    this.#keys.make(false);
    this.#plugins = await RehearsedPlugins.load(this.#scenario, [], this.#host.program);
    this.#writeList(1);
    await this.startHosts(this.hosts);
    // Now that their admin APIs have ports.
    this.#writeList(2);
    this.fleet = new Child(this.#host, [
      ...[
        "client",
        "--users",
        `0-${this.#options.users - 1}`,
        "--protocol",
        "1",
        "--qps",
        "0",
        "--workers",
        "1",
      ],
      ...this.listFlags,
      ...["--control", "127.0.0.1:0", "--engine", this.#options.engine, "--awards", this.awards],
      ...[
        "--connect-rate",
        String(this.#scenario.connectsPerS),
        "--least-answered",
        "0",
        "--in-time-ms",
        "2000",
      ],
    ], "fleet");
    await this.fleet.started("ready", "control");
    await this.until(
      "every user is logged in",
      async () => (await this.status()).ready >= this.#options.users,
    );
  }

  /** Starts hosts that are down, a few at once. */
  async startHosts(hosts: readonly StagedHost[]): Promise<void> {
    for (let i = 0; i < hosts.length; i += STARTS_AT_ONCE) {
      await Promise.all(hosts.slice(i, i + STARTS_AT_ONCE).map((host) => this.#startHost(host)));
    }
  }

  /** Ends hosts at once. */
  async kill(hosts: readonly StagedHost[]): Promise<void> {
    await Promise.all(hosts.map(async (host) => {
      const { child } = host;
      host.child = undefined;
      await child?.crash();
    }));
  }

  /** Moves the users of each elsewhere and starts it again, one after the other. */
  async roll(hosts: readonly StagedHost[], perS: number): Promise<void> {
    const drain = new Child(this.#host, [
      ...["drain", "--rolling", "--rate", String(perS), ...this.listFlags],
      ...hosts.map(({ name }) => name),
    ]);
    let isOver = false;
    const over = drain.ended().finally(() => isOver = true);
    // As a supervisor does: whatever ends is started again.
    while (!isOver) {
      this.#options.signal.throwIfAborted();
      for (const host of hosts) {
        if (host.child?.hasEnded !== true) continue;
        host.child = undefined;
        await this.#startHost(host);
      }
      await sleep(LOOK_MS);
    }
    if (await over !== 0) throw new UserError(await drain.ending(), ExitCode.failed);
  }

  /** Orders packets at every host that is up. */
  async order(packets: { ratePerS: number; total: number; minFen: number; maxFen: number }): Promise<void> {
    for (const { child } of this.hosts) {
      if (child === undefined) continue;
      await this.#plugins.order(
        "packets",
        (method, path, body, headers) => child.request(method, path, body, headers),
        packets,
      );
    }
  }

  status(): Promise<FleetStatus> {
    return this.fleet.request("GET", "/status");
  }

  /** Ends the fleet, then the hosts, in order. */
  async end(): Promise<void> {
    await this.fleet.stop(STOP_MS);
    await Promise.all(this.hosts.map(({ child }) => child?.stop(STOP_MS)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [this.fleet, ...this.hosts.map(({ child }) => child)].map((child) => child?.stop(5_000)),
    );
    this.#port[Symbol.dispose]();
  }

  /** @throws UserError if it doesn't come to it, or the fleet has ended */
  async until(what: string, isSo: () => Promise<boolean>, mostMs = START_MS): Promise<void> {
    const limitMs = this.#host.clock.monotonicMs() + mostMs;
    while (!await isSo()) {
      this.#options.signal.throwIfAborted();
      if (this.fleet?.hasEnded) throw new UserError(await this.fleet.ending(), ExitCode.failed);
      if (this.#host.clock.monotonicMs() > limitMs) {
        throw new UserError(`it doesn't come about that ${what}`, ExitCode.failed);
      }
      await sleep(LOOK_MS);
    }
  }

  #ledgerOf({ number }: StagedHost): string {
    return `${this.#options.folder}/host${number}`;
  }

  /** Each has an address, a ledger, a number and a name of its own, and all have one port. */
  async #startHost(host: StagedHost): Promise<void> {
    const { set = {}, flags = {} } = this.#scenario.server ?? {};
    const { users, engine, folder } = this.#options;
    const shakesPerS = Math.max(...this.#scenario.phases.map((phase) => phase.shakesPerS));
    const settings = { ...this.#plugins.settings({ users, shakesPerS }), ...set };
    const child = new Child(this.#host, [
      ...["server", "--host", host.address, "--port", String(this.#port.port), "--admin", host.admin],
      ...["--engine", engine, "--workers", "1", "--max-connections", String(2 * users + 64)],
      ...["--ledger", this.#ledgerOf(host), "--host-number", String(host.number), "--host-id", host.name],
      ...["--event", EVENT, "--show-keys", this.#keys.path, "--bus", `file:${folder}/bus`, ...this.listFlags],
      ...["--cluster", host.cluster, "--city", host.city, "--drain-seconds", "5"],
      ...["--packets-per-user", "0", "--packets-per-sponsor", "0"],
      ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
      ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ], host.name);
    const { admin } = await child.started("listening", "admin");
    host.admin = String(admin);
    await this.until(`${host.name} can award`, () => child.isReady());
    host.child = child;
  }

  #writeList(version: number): void {
    const { clusters, moveS, backS } = this.#settings;
    const list: HostList = parseHostList(JSON.stringify({
      schemaVersion: 1,
      event: EVENT,
      version,
      moveS,
      backS,
      clusters: clusters.map(({ name, city }) => ({
        name,
        city,
        hosts: this.hosts.filter(({ cluster }) => cluster === name).map((
          { name, number, address, admin },
        ) => ({
          name,
          number,
          address,
          port: this.#port.port,
          admin,
        })),
      })),
    }));
    Deno.writeTextFileSync(this.list, signHostList(list, this.#keys.signing()!));
  }
}
