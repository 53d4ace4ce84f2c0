import { Histogram, type SparseHistogram } from "../../core/counters/histogram.ts";
import { chooseEngine } from "../../core/engine/choose.ts";
import { connectionsPerPair, readPortRange } from "../../core/os/port_range.ts";
import { sleep } from "../../core/base/clock.ts";
import { Running } from "../../test/processes.ts";
import { processCpuS, threadsCpuS } from "../process_cpu.ts";

/** Ids of the users that may come. */
export const USER_IDS = 1_000_000;
/** Each connection is a user, whose id is one of the million: with few of them each would win unlike anybody's luck. */
const CONNECTIONS = { uring: 200_000, other: 15_000 };
const CONNECTS_PER_S = 20_000;
/** Sponsors of the packets that are given away. Those that users have already are of others, or nobody could win these. */
export const SPONSORS = 20_000;

/** The threads of a server with one worker are numbered in this order: that with connections, the ledger, its projector. */
const LEDGER_THREAD = "worker-2";

interface Totals {
  readonly counters: Record<string, number>;
  readonly gauges: Record<string, number>;
  readonly histograms: Record<string, SparseHistogram>;
}

/** What the counters of both sides were at one moment. */
interface Reading {
  readonly atMs: number;
  readonly server: Totals;
  readonly client: Totals;
  /** CPU time so far. */
  readonly cpuS: { readonly server: number; readonly client: number };
  readonly ledgerCpuS: number;
}

/** A server on a ledger with limits, and a fleet whose users are all logged in. */
export class PlayedLedger implements AsyncDisposable {
  readonly #server: Running;
  readonly #client: Running;
  readonly #admin: string;
  readonly #control: string;
  /** One in so many of the million ids has a connection. */
  readonly #slice: number;

  private constructor(server: Running, client: Running, admin: string, control: string, slice: number) {
    this.#server = server;
    this.#client = client;
    this.#admin = admin;
    this.#control = control;
    this.#slice = slice;
  }

  static async start(ledger: string): Promise<PlayedLedger> {
    const engine = chooseEngine("auto", () => {});
    const connections = engine === "uring" ? CONNECTIONS.uring : CONNECTIONS.other;
    const addresses = Math.ceil(connections / connectionsPerPair(readPortRange()));
    const server = new Running([
      ...["server", "--host", "0.0.0.0", "--port", "0", "--admin", "127.0.0.1:0", "--engine", engine],
      ...["--workers", "1", "--max-connections", String(connections)],
      ...["--ledger", ledger, "--packets-per-user", "1000", "--packets-per-sponsor", "1"],
      // Every shake is answered: answers of version 0 are told apart by their order alone.
      ...["--set", `shake.sponsors=${SPONSORS}`, "--set", "throttle.mostLevel=0"],
    ]);
    try {
      const { port, admin } = await server.event("listening");
      await server.event("ledger ready");
      const slice = Math.ceil(USER_IDS / connections);
      const client = new Running([
        ...["client", "--users", `0-${USER_IDS - 1}`, "--segment", `1/${slice}`, "--total", String(USER_IDS)],
        ...["--server", `127.0.0.1-127.0.0.${addresses}:${port}`, "--control", "127.0.0.1:0"],
        ...["--engine", engine, "--workers", "1", "--qps", "0", "--connect-rate", String(CONNECTS_PER_S)],
      ]);
      const { control } = await client.event("ready");
      const users = Math.ceil(USER_IDS / slice);
      while ((await get<{ ready: number }>(`${control}/status`)).ready < users) await sleep(100);
      return new PlayedLedger(server, client, `${admin}`, `${control}`, slice);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** All users together shake so many times a second from now on. */
  async shake(perS: number): Promise<void> {
    // The rate is of a million users, of whom one in `slice` is here.
    await post(`${this.#control}/rate`, { qps: Math.round(perS * this.#slice) });
  }

  /** So many packets a second from now on. */
  async give(perS: number, seconds: number): Promise<void> {
    await post(`${this.#admin}/packets`, { ratePerS: perS, total: perS * seconds, minFen: 1, maxFen: 200 });
  }

  /** What happens within the next seconds. */
  async window(seconds: number): Promise<LedgerWindow> {
    const before = await this.#read();
    let lagMs = 0;
    for (let second = 0; second < seconds; second++) {
      await sleep(1_000);
      lagMs = Math.max(lagMs, (await get<Totals>(`${this.#admin}/counters`)).gauges.projectionLagMs);
    }
    return new LedgerWindow(before, await this.#read(), lagMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  async #read(): Promise<Reading> {
    return {
      atMs: performance.now(),
      server: await get<Totals>(`${this.#admin}/counters`),
      client: await get<Totals>(`${this.#control}/counters`),
      cpuS: { server: processCpuS(this.#server.process.pid), client: processCpuS(this.#client.process.pid) },
      ledgerCpuS: threadsCpuS(this.#server.process.pid)[LEDGER_THREAD] ?? NaN,
    };
  }
}

/** The difference of two readings. */
export class LedgerWindow {
  readonly #before: Reading;
  readonly #after: Reading;
  readonly seconds: number;
  /** How far the projection was behind, at most. */
  readonly lagMs: number;

  constructor(before: Reading, after: Reading, lagMs: number) {
    this.#before = before;
    this.#after = after;
    this.seconds = (after.atMs - before.atMs) / 1_000;
    this.lagMs = lagMs;
  }

  /** A counter's growth a second. */
  perS(name: string, of: "server" | "client" = "server"): number {
    return Math.round(this.grew(name, of) / this.seconds);
  }

  histogram(name: string, of: "server" | "client" = "server"): SparseHistogram {
    return difference(this.#after[of].histograms[name], this.#before[of].histograms[name]);
  }

  /** How long answers took for those who won nothing. */
  losers(): SparseHistogram {
    return difference(
      this.histogram("admittedLatencyUs", "client"),
      this.histogram("wonLatencyUs", "client"),
    );
  }

  /** Won since the server was started. */
  get wonInAll(): number {
    return this.#after.server.counters.shakeWon;
  }

  /** Of the ledger's thread, in per cent of a core. */
  get ledgerPercent(): number {
    return (this.#after.ledgerCpuS - this.#before.ledgerCpuS) / this.seconds * 100;
  }

  /** A counter's growth. */
  grew(name: string, of: "server" | "client" = "server"): number {
    return this.#after[of].counters[name] - this.#before[of].counters[name];
  }

  /** In per cent of a core. */
  cpuPercent(of: "server" | "client"): number {
    return (this.#after.cpuS[of] - this.#before.cpuS[of]) / this.seconds * 100;
  }
}

/** A percentile of durations in us, in ms. */
export function percentileMs(histogram: SparseHistogram, percent: number): number {
  return new Histogram().add(histogram).percentile(percent) / 1_000;
}

function difference(after: SparseHistogram, before: SparseHistogram): SparseHistogram {
  const was = new Map(before);
  return after.map(([bucket, count]) => [bucket, count - (was.get(bucket) ?? 0)]);
}

async function get<T>(address: string): Promise<T> {
  return await (await fetch(`http://${address}`)).json();
}

async function post(address: string, body: unknown): Promise<void> {
  const response = await fetch(`http://${address}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${address}: ${await response.text()}`);
  await response.body?.cancel();
}
