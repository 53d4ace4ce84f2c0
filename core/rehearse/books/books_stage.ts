import { sleep } from "../../base/clock.ts";
import { systemSecret } from "../../base/random.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import { makeBooks } from "../../books/open/open_books.ts";
import type { Host } from "../../cli/host.ts";
import type { BooksScenario, FullScenario } from "../measure/scenario.ts";
import { Child } from "../stage/child.ts";
import { HeldPort } from "../stage/held_port.ts";
import { RehearsedPlugins } from "../stage/plugins.ts";
import { findPostgres, PostgresCluster } from "./postgres_cluster.ts";

const LOOK_MS = 50;
/** Awards of other hosts that each host can remember. */
const FOREIGN_AWARDS = 1_000_000;
/** How long PostgreSQL may take to start, and users to log in. */
const START_MS = 60_000;
const STOP_MS = 30_000;
/** A call of payout that has no answer is over then; the gateway's timeouts shall not take most of the rehearsal. */
const PAYOUT = ["--timeout-ms", "1000", "--lease-seconds", "5"];

/** What a rehearsal of books is played with. */
export interface BooksStageOptions {
  readonly folder: string;
  readonly users: number;
  readonly engine: string;
  readonly signal: AbortSignal;
}

/** The processes of a rehearsal of books, on loopback: hosts, fleets, settlers, payers, the gateway and the books. */
export class BooksStage implements AsyncDisposable {
  /** Where the books are, and what they are kept by. */
  url = "";
  backend: "PostgreSQL" | "SQLite" = "SQLite";
  readonly servers: Child[] = [];
  readonly fleets: Child[] = [];
  /** Those that go on until they are stopped: settlers and payers. */
  readonly #workers: Child[] = [];
  #gateway: Child | undefined;
  #gatewayFlags: readonly string[] = [];
  #cluster: Deno.ChildProcess | undefined;
  #clusterFolder: string | undefined;
  readonly #host: Host;
  readonly #scenario: FullScenario;
  readonly #books: BooksScenario;
  readonly #options: BooksStageOptions;
  readonly #port = HeldPort.take();

  constructor(host: Host, scenario: FullScenario, books: BooksScenario, options: BooksStageOptions) {
    this.#host = host;
    this.#scenario = scenario;
    this.#books = books;
    this.#options = options;
  }

  ledgerOf(host: number): string {
    return `${this.#options.folder}/host${host}`;
  }

  get gatewayDatabase(): string {
    return `${this.#options.folder}/gateway.db`;
  }

  /** Starts all of them; returns when every user is in. */
  async start(): Promise<void> {
    if (this.#books.roamS !== undefined) this.#writeKeys();
    await this.#startBooks();
    await makeBooks(this.url, { event: "rehearsal" });
    await this.#startGateway();
    const plugins = await RehearsedPlugins.load(this.#scenario, [], this.#host.program);
    await this.#startServers(plugins);
    await this.#startFleets();
    const { settlers, payers } = this.#books;
    const settle = ["settle", "--books", this.url];
    const pay = ["payout", "--books", this.url, ...this.payoutFlags];
    for (let i = 0; i < settlers; i++) this.#workers.push(new Child(this.#host, settle));
    for (let i = 0; i < payers; i++) this.#workers.push(new Child(this.#host, pay));
    await this.#everybodyIn();
    await this.#play(plugins);
  }

  get payoutFlags(): readonly string[] {
    return [...this.#gatewayFlags, ...PAYOUT];
  }

  /** Ends fleets, servers, settlers and payers in order, as at the end of an event. */
  async end(): Promise<void> {
    for (const children of [this.fleets, this.servers, this.#workers]) {
      const codes = await Promise.all(children.map((child) => child.stop(STOP_MS)));
      for (const [i, code] of codes.entries()) if (code !== 0) throw await failed(children[i]);
    }
  }

  /** Runs one of our commands to its end. @throws UserError with its own words if it fails */
  async run(args: readonly string[]): Promise<void> {
    const child = new Child(this.#host, args);
    const stop = () => void child.stop(1_000);
    this.#options.signal.addEventListener("abort", stop);
    const code = await child.ended();
    this.#options.signal.removeEventListener("abort", stop);
    this.#options.signal.throwIfAborted();
    if (code !== 0) throw await failed(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const children = [...this.fleets, ...this.servers, ...this.#workers, this.#gateway];
    await Promise.all(children.map((child) => child?.stop(5_000)));
    this.#cluster?.kill("SIGINT");
    await this.#cluster?.status;
    this.#port[Symbol.dispose]();
    if (this.#clusterFolder !== undefined) await Deno.remove(this.#clusterFolder, { recursive: true });
  }

  /** Keys of tokens and passes, which all hosts and fleets have. */
  #writeKeys(): void {
    const secret = new TextEncoder().encode(systemSecret()).toHex();
    Deno.writeTextFileSync(this.#keys, `1 ${secret}\n`, { mode: 0o600 });
  }

  get #keys(): string {
    return `${this.#options.folder}/token.keys`;
  }

  /** What hosts need to know what others award. */
  get #sharedLimitFlags(): readonly string[] {
    if (this.#books.roamS === undefined) return [];
    const bus = ["--bus", `file:${this.#options.folder}/bus`, "--foreign-awards", String(FOREIGN_AWARDS)];
    return ["--token-keys", this.#keys, "--event", "rehearsal", ...bus];
  }

  get #roamFlags(): readonly string[] {
    const { roamS, hidePasses } = this.#books;
    if (roamS === undefined) return [];
    const roam = ["--roam", roamS.join("-"), "--hide-passes", String(hidePasses)];
    return ["--token-keys", this.#keys, "--event", "rehearsal", ...roam];
  }

  /** In PostgreSQL if it is installed: one of its own, whose files go with the rehearsal. */
  async #startBooks(): Promise<void> {
    const bin = this.#books.backend === "auto" ? findPostgres() : undefined;
    if (bin === undefined) {
      this.url = `${this.#options.folder}/books.db`;
      return;
    }
    this.backend = "PostgreSQL";
    this.#clusterFolder = Deno.makeTempDirSync({ prefix: "redpkt-postgres-" });
    using port = HeldPort.take();
    const cluster = new PostgresCluster(bin, this.#clusterFolder, port.port);
    await cluster.make();
    this.#cluster = cluster.spawn();
    await this.#until("PostgreSQL takes connections", () => cluster.answers());
    this.url = cluster.url();
  }

  async #startGateway(): Promise<void> {
    const { fail, refuse, timeoutBefore, timeoutAfter } = this.#books.gateway;
    const key = `${this.#options.folder}/gateway.key`;
    this.#gateway = new Child(this.#host, [
      ...["fake-gateway", "--port", "0", "--statement", this.gatewayDatabase, "--key", key],
      ...["--fail-percent", String(fail), "--refuse-percent", String(refuse)],
      ...["--timeout-before-percent", String(timeoutBefore), "--timeout-after-percent", String(timeoutAfter)],
    ]);
    const { url } = await this.#gateway.started("listening", "url");
    this.#gatewayFlags = ["--gateway", String(url), "--gateway-key", key];
  }

  /** Hosts on addresses of their own and one port, as fleets dial several. */
  async #startServers(plugins: RehearsedPlugins): Promise<void> {
    const { set = {}, flags = {} } = this.#scenario.server ?? {};
    const { users, engine } = this.#options;
    const shakesPerS = Math.max(...this.#scenario.phases.map((phase) => phase.shakesPerS));
    const settings = { ...plugins.settings({ users, shakesPerS }), ...set };
    for (let host = 1; host <= this.#books.hosts; host++) {
      this.servers.push(
        new Child(this.#host, [
          ...["server", "--host", `127.0.0.${host}`, "--port", String(this.#port.port)],
          ...["--admin", "127.0.0.1:0", "--engine", engine, "--workers", "1"],
          ...["--ledger", this.ledgerOf(host), "--books", this.url],
          ...["--host-number", String(host), "--books-name", `host ${host}`],
          ...this.#sharedLimitFlags,
          ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
          ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
        ], `server ${host}`),
      );
    }
    await Promise.all(this.servers.map((server) => server.started("listening", "admin")));
    await this.#until("every server can award", () => every(this.servers, (server) => server.isReady()));
  }

  async #startFleets(): Promise<void> {
    const { hosts, fleets } = this.#books;
    const { users, engine } = this.#options;
    for (let fleet = 0; fleet < fleets; fleet++) {
      const first = 1 + Math.floor(fleet * hosts / fleets);
      const last = Math.max(first, Math.floor((fleet + 1) * hosts / fleets));
      const server = `127.0.0.${first}${last === first ? "" : `-127.0.0.${last}`}:${this.#port.port}`;
      this.fleets.push(
        new Child(this.#host, [
          ...["client", "--users", `0-${users - 1}`, "--server", server, "--protocol", "1", "--qps", "0"],
          ...["--control", "127.0.0.1:0", "--engine", engine, "--workers", "1"],
          ...["--connect-rate", String(this.#scenario.connectsPerS), "--least-answered", "0"],
          ...this.#roamFlags,
        ], `fleet ${fleet + 1}`),
      );
    }
    await Promise.all(this.fleets.map((fleet) => fleet.started("ready", "control")));
  }

  async #everybodyIn(): Promise<void> {
    const { users } = this.#options;
    await this.#until(
      "every user is logged in",
      () => every(this.fleets, async (fleet) => (await statusOf(fleet)).ready >= users),
    );
  }

  /** Plays the scenario's phases: packets at every host, shakes of every fleet. */
  async #play(plugins: RehearsedPlugins): Promise<void> {
    for (const { packets, seconds, shakesPerS } of this.#scenario.phases) {
      for (const server of packets === undefined ? [] : this.servers) {
        const { ratePerS, minFen, maxFen } = packets!;
        const order = { ratePerS, total: ratePerS * seconds, minFen, maxFen };
        await plugins.order(
          "packets",
          (method, path, body, headers) => server.request(method, path, body, headers),
          order,
        );
      }
      const rate = (qps: number) =>
        Promise.all(this.fleets.map((fleet) => fleet.request("POST", "/rate", { qps })));
      await rate(shakesPerS);
      const untilMs = this.#host.clock.monotonicMs() + seconds * 1_000;
      await this.#until("", () => Promise.resolve(this.#host.clock.monotonicMs() >= untilMs));
      await rate(0);
      await this.#until(
        "the last answers come",
        () => every(this.fleets, async (fleet) => (await statusOf(fleet)).outstanding === 0),
      );
    }
  }

  /** @throws UserError if it doesn't come to it, or a process has ended */
  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const limitMs = this.#host.clock.monotonicMs() + START_MS;
    while (!await isSo()) {
      this.#options.signal.throwIfAborted();
      for (const child of [...this.servers, ...this.fleets, ...this.#workers, this.#gateway]) {
        if (child?.hasEnded) throw await failed(child);
      }
      if (what !== "" && this.#host.clock.monotonicMs() > limitMs) {
        throw new UserError(`it doesn't come about that ${what}`, ExitCode.failed);
      }
      await sleep(LOOK_MS);
    }
  }
}

async function every(children: readonly Child[], isSo: (child: Child) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(children.map(isSo))).every(Boolean);
}

function statusOf(fleet: Child): Promise<{ ready: number; outstanding: number }> {
  return fleet.request("GET", "/status");
}

async function failed(child: Child): Promise<UserError> {
  return new UserError(await child.ending(), ExitCode.failed);
}
