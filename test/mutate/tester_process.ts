import { after } from "../../core/base/clock.ts";
import type { Covered, Loaded, TesterOrder, TestOrder, Verdict } from "./tester.ts";

/** Random worlds of a simulation that are tried with each mutant: fewer than otherwise, since there are so many mutants. */
export const SIM_SEEDS = "2";

/** The process has ended, or was ended since it answered nothing for too long. */
export class TesterGone extends Error {
  override name = "TesterGone";
}

/** A process that runs tests on the instrumented tree. */
export class TesterProcess {
  readonly #process: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  #rest = "";

  /** @param mutant one that is on from the start, -1 for none */
  constructor(root: string, tester: string, mutant: number) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", `${root}/${tester}`],
      cwd: root,
      env: { REDPKT_MUTANT: String(mutant), REDPKT_SIM_SEEDS: SIM_SEEDS },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#orders = this.#process.stdin.getWriter();
    this.#answers = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  load(file: string, mostMs: number): Promise<Loaded> {
    return this.#ask({ type: "load", file }, mostMs);
  }

  cover(file: string, test: number, mostMs: number): Promise<Covered> {
    return this.#ask({ type: "cover", file, test }, mostMs);
  }

  judge(mutant: number, tests: readonly TestOrder[], mostMs: number): Promise<Verdict> {
    return this.#ask({ type: "judge", mutant, tests }, mostMs);
  }

  /** Ends it. */
  async end(): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // it has ended
    }
    await this.#process.status;
    await this.#orders.abort().catch(() => {});
    await this.#answers.cancel().catch(() => {});
  }

  /** @param mostMs only what waits for ever is ended by the clock: what runs for ever is by its steps */
  async #ask<T>(order: TesterOrder, mostMs: number): Promise<T> {
    const { promise: isLate, resolve } = Promise.withResolvers<"late">();
    const cancel = after(mostMs, () => resolve("late"));
    try {
      await this.#orders.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
      for (;;) {
        const end = this.#rest.indexOf("\n");
        if (end >= 0) {
          const line = this.#rest.slice(0, end);
          this.#rest = this.#rest.slice(end + 1);
          const answer = JSON.parse(line);
          if (answer.error !== undefined) throw new TesterGone(answer.error);
          return answer as T;
        }
        const got = await Promise.race([this.#answers.read(), isLate]);
        if (got === "late") throw new TesterGone("no answer in time");
        if (got.done) throw new TesterGone("it has ended");
        this.#rest += got.value;
      }
    } catch (error) {
      throw error instanceof TesterGone ? error : new TesterGone(String(error));
    } finally {
      cancel();
    }
  }
}
