import { spawn } from "node:child_process";
import { after } from "../../core/base/clock.ts";
import type { MutantNames, Reached } from "./coverage.ts";
import { SIM_SEEDS } from "./tester_process.ts";

/** So long may a file take with a mutant, and so many times as long as without it. */
const WAIT_MS = 30_000;
const TIME_FACTOR = 3;
const COVER_MS = 170_000;

/** What a file of tests came to that starts processes or threads. */
export interface WholeFile {
  readonly file: string;
  readonly tookMs: number;
  readonly reached: Reached;
  readonly failure?: string | undefined;
}

/** Runs a file of tests with its threads and processes, in all of which the mutant is on from the start. */
export class WholeFiles {
  readonly #root: string;
  readonly #names: MutantNames;

  constructor(root: string, names: MutantNames) {
    this.#root = root;
    this.#names = names;
  }

  /** Once as it is. */
  async cover(file: string, nowMs: () => number): Promise<WholeFile> {
    const trail = Deno.makeTempFileSync({ prefix: "redpkt-reached-" });
    try {
      const startMs = nowMs();
      const outcome = await this.#run(file, { REDPKT_REACHED: trail }, COVER_MS);
      const bytes = Deno.readFileSync(trail);
      const ids = new Set(new Uint32Array(bytes.buffer, 0, bytes.length >> 2));
      const reached = this.#names.reached([...ids].sort((a, b) => a - b));
      const failure = outcome === "passed" ? {} : { failure: outcome };
      return { file, tookMs: nowMs() - startMs, reached, ...failure };
    } finally {
      Deno.removeSync(trail);
    }
  }

  /** With a mutant. */
  async judge(mutant: number, { file, tookMs }: WholeFile): Promise<"passed" | "failed" | "stuck"> {
    return await this.#run(file, { REDPKT_MUTANT: String(mutant) }, WAIT_MS + tookMs * TIME_FACTOR);
  }

  /** In a process group, so that what a test has started ends with it. */
  async #run(
    file: string,
    env: Record<string, string>,
    mostMs: number,
  ): Promise<"passed" | "failed" | "stuck"> {
    const { promise, resolve } = Promise.withResolvers<"passed" | "failed" | "stuck">();
    const child = spawn(Deno.execPath(), ["test", "-A", "--no-check", "--quiet", file], {
      cwd: this.#root,
      env: { ...Deno.env.toObject(), REDPKT_SIM_SEEDS: SIM_SEEDS, ...env },
      stdio: "ignore",
      detached: true,
    });
    child.on("error", () => resolve("failed"));
    child.on("close", (code) => resolve(code === 0 ? "passed" : "failed"));
    const cancel = after(mostMs, () => resolve("stuck"));
    const outcome = await promise;
    cancel();
    try {
      Deno.kill(-child.pid!, "SIGKILL");
    } catch {
      // all of it has ended
    }
    return outcome;
  }
}
