import { sleep } from "../../core/time/clock.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** A `redpkt` process whose time and memory are watched. */
export class Measured {
  readonly process: Deno.ChildProcess;
  readonly startMs = performance.now();
  /** The most that it ever had resident, in MB. */
  mostMb = 0;
  readonly output: Promise<string>;
  #hasEnded = false;

  constructor(args: readonly string[]) {
    this.process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", MAIN, ...args],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.output = new Response(this.process.stdout).text();
    void this.#watch();
  }

  /** Waits for its end. */
  async end(): Promise<{ code: number; seconds: number; mostMb: number }> {
    const { code } = await this.process.status;
    this.#hasEnded = true;
    await this.output;
    return { code, seconds: (performance.now() - this.startMs) / 1000, mostMb: this.mostMb };
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
