import { sleep } from "../../core/base/clock.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** A `redpkt` process whose time and memory are watched. */
export class Measured {
  readonly process: Deno.ChildProcess;
  readonly startMs = performance.now();
  /** The most that it ever had resident, in MB. */
  mostMb = 0;
  readonly output: Promise<string>;
  /** Seconds from its start to the first line of its log that tells of an event. */
  readonly #eventS = new Map<string, number>();
  readonly #events = new Map<string, Record<string, unknown>>();
  #hasEnded = false;

  constructor(args: readonly string[]) {
    this.process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN, ...args],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.output = new Response(this.process.stdout).text();
    void this.#watch();
    void this.#readLog();
  }

  /** Waits for its end. */
  async end(): Promise<{ code: number; seconds: number; mostMb: number }> {
    const { code } = await this.process.status;
    this.#hasEnded = true;
    await this.output;
    return { code, seconds: (performance.now() - this.startMs) / 1000, mostMb: this.mostMb };
  }

  /** Waits for an event in its log; returns the seconds from its start. */
  async event(name: string): Promise<number> {
    while (!this.#eventS.has(name) && !this.#hasEnded) await sleep(10);
    return this.#eventS.get(name) ?? NaN;
  }

  /** That line. */
  said(event: string): Record<string, unknown> | undefined {
    return this.#events.get(event);
  }

  async #readLog(): Promise<void> {
    let rest = "";
    for await (const text of this.process.stderr.pipeThrough(new TextDecoderStream())) {
      const seconds = (performance.now() - this.startMs) / 1000;
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const event = /"event":"([^"]*)"/.exec(line)?.[1];
        if (event === undefined || this.#eventS.has(event)) continue;
        this.#eventS.set(event, seconds);
        this.#events.set(event, JSON.parse(line));
      }
    }
  }

  async #watch(): Promise<void> {
    while (!this.#hasEnded) {
      try {
        const status = Deno.readTextFileSync(`/proc/${this.process.pid}/status`);
        this.mostMb = Math.max(this.mostMb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      } catch {
        return; // it has ended, or this is no Linux
      }
      await sleep(20);
    }
  }
}
