import { Histogram } from "../../core/counters/histogram.ts";
import type { Totals } from "../../core/counters/series.ts";
import { CpuQuota } from "../../core/rehearse/stage/cpu_quota.ts";
import { sleep } from "../../core/base/clock.ts";
import { Running, startServer } from "../../test/processes.ts";
import { IN_TIME_MS, type Mode, type Step } from "./step.ts";

/** What a step is given before it is measured. */
const WARM_UP_MS = 1_000;

/**
 * A server held to a share of a core, and a fleet that isn't: of version 1, whose answers say which shake they answer,
 * since shakes are dropped here.
 */
export class Setting implements AsyncDisposable {
  readonly #server: Awaited<ReturnType<typeof startServer>>;
  readonly #client: Running;
  readonly #control: string;
  readonly #quota: CpuQuota | undefined;

  private constructor(
    server: Awaited<ReturnType<typeof startServer>>,
    client: Running,
    control: string,
    quota: CpuQuota | undefined,
  ) {
    this.#server = server;
    this.#client = client;
    this.#control = control;
    this.#quota = quota;
  }

  static async start(options: Mode & { engine: string; users: number; cores: number }): Promise<Setting> {
    const { engine, plugins, set, users, patienceMs } = options;
    const server = await startServer([
      ...["--engine", engine, "--workers", "1", "--plugins", plugins],
      ...set.flatMap((value) => ["--set", value]),
    ]);
    const client = new Running([
      ...["client", "--users", `0-${users - 1}`, "--server", `127.0.0.1:${server.port}`, "--qps", "0"],
      ...["--control", "127.0.0.1:0", "--engine", engine, "--workers", "1", "--connect-rate", "5000"],
      ...["--protocol", "1", "--patience-ms", String(patienceMs), "--in-time-ms", String(IN_TIME_MS)],
    ]);
    const { control } = await client.event("ready");
    await client.event("connected");
    // Held only now: connecting is not what is measured.
    const quota = CpuQuota.open(`redpkt-bench-${Deno.pid}`, options.cores);
    quota?.hold(server.running.process.pid);
    return new Setting(server, client, `http://${control}`, quota);
  }

  /** Offers a rate and says what came of it. */
  async step(mode: string, ratePerS: number, factor: number, seconds: number): Promise<Step> {
    await this.#rate(ratePerS);
    await sleep(WARM_UP_MS);
    const before = await this.#read();
    await sleep(seconds * 1000);
    const after = await this.#read();
    const elapsedS = (after.client.readAtMs - before.client.readAtMs) / 1000;
    const perS = (name: string) => (after.client.counters[name] - before.client.counters[name]) / elapsedS;
    const earlier = new Map(before.client.histograms.admittedLatencyUs);
    const latency = new Histogram().add(
      after.client.histograms.admittedLatencyUs.map(([bucket, count]) => [
        bucket,
        count - (earlier.get(bucket) ?? 0),
      ]),
    );
    const cpuMs = ({ cpuUserMs, cpuSystemMs }: Totals) => cpuUserMs + cpuSystemMs;
    return {
      mode,
      factor,
      scheduledPerS: ratePerS,
      offeredPerS: perS("shakesSent"),
      goodPerS: perS("shakesInTime"),
      refusedPerS: perS("shakesOverloaded"),
      p50Ms: latency.percentile(50) / 1000,
      p99Ms: latency.percentile(99) / 1000,
      lateTicksPerS: perS("ticksLate"),
      serverCores: (cpuMs(after.server) - cpuMs(before.server)) / (elapsedS * 1000),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    this.#quota?.close();
  }

  async #rate(qps: number): Promise<void> {
    const response = await fetch(`${this.#control}/rate`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ qps }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`POST /rate: ${response.status} ${text}`);
  }

  async #read(): Promise<{ server: Totals; client: Totals }> {
    const [server, client] = await Promise.all([
      this.#server.get("/counters"),
      fetch(`${this.#control}/counters`).then((response) => response.json()),
    ]);
    return { server, client };
  }
}
