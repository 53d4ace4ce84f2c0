import assert from "node:assert/strict";

const MAIN = new URL("../main.ts", import.meta.url).pathname;
/** Nothing takes as long, unless it hangs: then the test fails here. */
const MOST_MS = 180_000;
const decoder = new TextDecoder();

/** What a finished command said. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `redpkt` with these arguments to its end. */
export async function redpkt(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Finished> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", MAIN, ...args],
    stdin: "null",
    signal: AbortSignal.timeout(MOST_MS),
    ...options,
  }).output();
  assert.notEqual(output.signal, "SIGTERM", `redpkt ${args.join(" ")} doesn't end`);
  return { code: output.code, stdout: decoder.decode(output.stdout), stderr: decoder.decode(output.stderr) };
}

/** A line of a process's log. */
type LogLine = Record<string, unknown> & { event: string };

/** A `redpkt` process that goes on, such as a server; `using` ends it. */
export class Running implements AsyncDisposable {
  readonly process: Deno.ChildProcess;
  readonly lines: LogLine[] = [];
  readonly #raw: string[] = [];
  readonly #reading: Promise<void>;
  #wake = Promise.withResolvers<void>();
  #hasEnded = false;

  constructor(
    args: readonly string[],
    flags: readonly string[] = ["--allow-all"],
    env: Record<string, string> = {},
  ) {
    this.process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", ...flags, MAIN, ...args],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      env,
    }).spawn();
    this.#reading = this.#read();
  }

  get isRunning(): boolean {
    return !this.#hasEnded;
  }

  /** All that it wrote to standard error. */
  get log(): string {
    return this.#raw.join("\n");
  }

  /** Resolves with the first line that tells of an event; fails if the process ends without one, or hangs. */
  async event(name: string): Promise<LogLine> {
    const { promise: late, resolve: isLate } = Promise.withResolvers<true>();
    const limit = setTimeout(() => isLate(true), MOST_MS);
    try {
      for (;;) {
        const found = this.lines.find(({ event }) => event === name);
        if (found !== undefined) return found;
        assert.ok(!this.#hasEnded, `it ended before ${name}: ${this.#raw.join("\n")}`);
        const hangs = await Promise.race([late, this.#wake.promise]);
        assert.notEqual(hangs, true, `it doesn't come to ${name}: ${this.#raw.join("\n")}`);
      }
    } finally {
      clearTimeout(limit);
    }
  }

  /** Resolves with the exit code, once the whole log is read. */
  async ended(): Promise<number> {
    const { code } = await this.process.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) {
      try {
        this.process.kill("SIGKILL");
      } catch {
        // ended just now
      }
    }
    await this.ended();
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.process.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(line);
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    }
    this.#hasEnded = true;
    this.#wake.resolve();
  }

  #take(line: string): void {
    this.#raw.push(line);
    if (line.startsWith("{")) this.lines.push(JSON.parse(line));
  }
}

/** A server on free ports, and how to reach it. */
export async function startServer(
  args: readonly string[] = [],
  flags?: readonly string[],
  env?: Record<string, string>,
) {
  const running = new Running(
    ["server", "--host", "127.0.0.1", "--port", "0", "--admin", "127.0.0.1:0", ...args],
    flags,
    env,
  );
  const line = await running.event("listening");
  await running.event("ledger ready"); // before that nothing can be awarded
  const api = `http://${line.admin}`;
  return {
    running,
    port: line.port as number,
    api,
    line,
    get: async (path: string) => await (await fetch(api + path)).json(),
    post: async (path: string, body?: unknown, headers: Record<string, string> = {}) => {
      const response = await fetch(api + path, {
        method: "POST",
        headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
