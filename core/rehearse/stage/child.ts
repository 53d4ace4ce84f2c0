import { MARKED_BY_HEADER, REHEARSAL, WHO_HEADER } from "../../admin/action.ts";
import { tokenHeader } from "../../admin/bearer.ts";
import { TOKEN_VARIABLE } from "../../admin/serve.ts";
import type { Host } from "../../cli/host.ts";
import { STOP_WITH_STDIN } from "../../cli/process_host.ts";
import { UserError } from "../../base/user_error.ts";
import type { Totals } from "../../counters/series.ts";
import { after } from "../../base/clock.ts";
import { endText, LastWords, type LogLine } from "./last_words.ts";

export type { LogLine } from "./last_words.ts";

/** How long a child may take to say that it is up. */
const START_LIMIT_MS = 120_000;

/**
 * Another redpkt process that this one has started. It logs JSON to us, serves its API on loopback, and ends when we
 * do, however we end: its standard input is a pipe that closes with this process.
 */
export class Child {
  readonly name: string;
  readonly #process: Deno.ChildProcess;
  readonly #words = new LastWords();
  #watchers: ((line: LogLine) => void)[] = [];
  #api = "";
  /** What requests to its API show: the token, if there is one, and that a rehearsal sends them. */
  readonly headers: Readonly<Record<string, string>>;
  #status: Deno.CommandStatus | undefined;
  readonly #output: Promise<string>;
  readonly #log: Promise<void>;

  constructor(host: Host, args: readonly string[], name = args[0]) {
    this.name = name;
    this.headers = {
      ...tokenHeader(host.env(TOKEN_VARIABLE)),
      [WHO_HEADER]: REHEARSAL,
      [MARKED_BY_HEADER]: REHEARSAL,
    };
    const [executable, ...before] = host.program.command;
    this.#process = new Deno.Command(executable, {
      args: [...before, ...args],
      env: { [STOP_WITH_STDIN]: "1", NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#output = new Response(this.#process.stdout).text();
    this.#log = this.#readLog();
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

  /** Resolves when it has ended, with how and why in one line, such as `the server ended with exit code 2: ...`. */
  async ending(): Promise<string> {
    const status = await this.#process.status;
    await this.#log; // its last line says most
    return `the ${this.name} ended ${endText(status)}: ${this.#words.reason()}`;
  }

  /** Resolves with its exit code once it has ended by itself. */
  async ended(): Promise<number> {
    const { code } = await this.#process.status;
    await this.#log;
    return code;
  }

  /** Why it can't go on, as far as it said. */
  get reason(): string {
    return this.#words.reason();
  }

  /** Calls `watch` with every further line of the log. */
  onLog(watch: (line: LogLine) => void): void {
    this.#watchers.push(watch);
  }

  /**
   * Resolves with the first line of the log that tells of `event`; its field `api` is where requests go.
   *
   * @throws UserError with how and why, in the child's own words, if it ends before
   */
  async started(event: string, api: string): Promise<LogLine> {
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    const cancel = after(
      START_LIMIT_MS,
      () => reject(new UserError(`the ${this.name} does not start: ${this.#words.reason()}`)),
    );
    const found = (line: LogLine) => line.event === event && resolve(line);
    this.#words.lines.forEach(found);
    this.#watchers.push(found);
    void this.ending().then((why) => reject(new UserError(why)));
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
  async request<T>(
    method: "GET" | "POST",
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const response = await fetch(this.#api + path, {
      method,
      headers: {
        ...this.headers,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${this.name} ${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  /** Whether a server can award: it is ready, or only full, of the very users that are to shake. */
  async isReady(): Promise<boolean> {
    const response = await fetch(`${this.#api}/ready`, { headers: this.headers });
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
      this.#words.raw(text);
      return;
    }
    this.#words.log(line);
    for (const watch of this.#watchers) watch(line);
  }
}
