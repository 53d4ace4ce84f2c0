import { MARKED_BY_HEADER, REHEARSAL, WHO_HEADER } from "../../admin/action.ts";
import type { Host } from "../../cli/host.ts";
import { STOP_WITH_STDIN } from "../../cli/process_host.ts";
import { UserError } from "../../base/user_error.ts";
import type { Totals } from "../../counters/series.ts";
import { after } from "../../base/clock.ts";

/** A line of a child's log. */
export interface LogLine {
  readonly event: string;
  readonly level: string;
  readonly [field: string]: unknown;
}

/** How long a child may take to say that it is up. */
const START_LIMIT_MS = 30_000;
/** Lines of a child's log that are kept to explain a failure. */
const KEPT_LINES = 20;

/**
 * Another redpkt process that this one has started. It logs JSON to us, serves its API on loopback, and ends when we
 * do, however we end: its standard input is a pipe that closes with this process.
 */
export class Child {
  readonly name: string;
  readonly #process: Deno.ChildProcess;
  readonly #lines: LogLine[] = [];
  readonly #raw: string[] = [];
  #watchers: ((line: LogLine) => void)[] = [];
  #api = "";
  #status: Deno.CommandStatus | undefined;
  readonly #output: Promise<string>;

  constructor(host: Host, args: readonly string[], name = args[0]) {
    this.name = name;
    const [executable, ...before] = host.program.command;
    this.#process = new Deno.Command(executable, {
      args: [...before, ...args],
      env: { [STOP_WITH_STDIN]: "1", NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#output = new Response(this.#process.stdout).text();
    void this.#readLog();
    void this.#process.status.then((status) => {
      this.#status = status;
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Whether the process has ended. */
  get hasEnded(): boolean {
    return this.#status !== undefined;
  }

  /** Calls `watch` with every further line of the log. */
  onLog(watch: (line: LogLine) => void): void {
    this.#watchers.push(watch);
  }

  /**
   * Resolves with the first line of the log that tells of `event`; its field `api` is where requests go.
   *
   * @throws UserError with the child's own words if it ends before
   */
  async started(event: string, api: string): Promise<LogLine> {
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    const cancel = after(
      START_LIMIT_MS,
      () => reject(new UserError(`${this.name} does not start: ${this.#words()}`)),
    );
    const found = (line: LogLine) => line.event === event && resolve(line);
    this.#lines.forEach(found);
    this.#watchers.push(found);
    void this.#process.status.then(() =>
      reject(new UserError(`${this.name} ended at once: ${this.#words()}`))
    );
    try {
      const line = await promise;
      this.#api = `http://${line[api]}`;
      return line;
    } finally {
      cancel();
      this.#watchers = this.#watchers.filter((watcher) => watcher !== found);
    }
  }

  /** The address of its API, such as `http://127.0.0.1:8989`. */
  get api(): string {
    return this.#api;
  }

  /** Asks its API; throws with the API's own words if it refuses. */
  async request<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.#api + path, {
      method,
      headers: { [WHO_HEADER]: REHEARSAL, [MARKED_BY_HEADER]: REHEARSAL },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${this.name} ${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  /** Whether a server can award: it is ready, or only full, of the very users that are to shake. */
  async isReady(): Promise<boolean> {
    const response = await fetch(`${this.#api}/ready`);
    const { ready, why } = await response.json();
    return ready || why === "full";
  }

  /** All its counters, read now. */
  totals(): Promise<Totals> {
    return this.request("GET", "/counters");
  }

  /** Asks it to end, as an operator does; resolves with its exit code. */
  async stop(maxMs: number): Promise<number> {
    if (this.#status === undefined) this.#kill("SIGTERM");
    const cancel = after(maxMs, () => this.#kill("SIGKILL"));
    const { code } = await this.#process.status;
    cancel();
    await this.#output;
    return code;
  }

  /** Ends it at once, as a crash does. */
  async crash(): Promise<void> {
    this.#kill("SIGKILL");
    await this.#process.status;
    await this.#output;
  }

  /** What it said last, for an error message. */
  #words(): string {
    return this.#raw.slice(-KEPT_LINES).join(" / ") || "it said nothing";
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch {
      // It has just ended by itself.
    }
  }

  async #readLog(): Promise<void> {
    let rest = "";
    for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(line);
    }
    if (rest !== "") this.#take(rest);
  }

  #take(text: string): void {
    let line: LogLine;
    try {
      line = JSON.parse(text);
    } catch {
      this.#raw.push(text);
      return;
    }
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    if (line.level !== "info") this.#raw.push(text);
    for (const watch of this.#watchers) watch(line);
  }
}
