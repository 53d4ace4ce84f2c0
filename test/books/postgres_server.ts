import assert from "node:assert/strict";
import { findPostgres, PostgresCluster } from "../../core/rehearse/books/postgres_cluster.ts";
import { HeldPort } from "../../core/rehearse/stage/held_port.ts";
import { sleep } from "../../core/base/clock.ts";
import { processCpuS } from "../../bench/process_cpu.ts";
import { childrenOf, processesIn } from "./processes.ts";

export { findPostgres };

/** Nothing takes as long, unless it hangs. */
const MOST_MS = 180_000;
const LOOK_MS = 50;

/** A private PostgreSQL on loopback, with its data in a temporary folder. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly data: string;
  readonly #cluster: PostgresCluster;
  readonly #folder: string;
  /** While it is down nobody else gets its port, not even whoever dials it again and again. */
  readonly #held = HeldPort.take();
  #process: Deno.ChildProcess | undefined;

  private constructor(bin: string) {
    this.#folder = Deno.makeTempDirSync({ prefix: "redpkt-pg-" });
    this.port = this.#held.port;
    this.#cluster = new PostgresCluster(bin, this.#folder, this.port);
    this.data = this.#cluster.data;
  }

  /** Makes one and starts it. @param settings further lines of its configuration */
  static async start(settings = ""): Promise<PostgresServer> {
    const bin = findPostgres();
    assert.ok(bin !== undefined, "PostgreSQL is installed");
    const server = new PostgresServer(bin);
    await server.#cluster.make(settings);
    await server.restart();
    return server;
  }

  /** Where it takes connections, as its superuser; everybody is trusted. */
  url(database?: string, user?: string): string {
    return this.#cluster.url(database, user);
  }

  /** Starts it, on the data that there are. Resolves when it answers. */
  async restart(): Promise<void> {
    const untilMs = Date.now() + MOST_MS;
    for (;;) {
      // One that was killed may hold its memory for a moment: then the new one ends by itself.
      const started = this.#process = this.#cluster.spawn("piped");
      const said = linesOf(started.stderr);
      let hasEnded = false;
      void started.status.then(() => hasEnded = true);
      while (!hasEnded) {
        if (await this.#cluster.answers()) return;
        assert.ok(Date.now() < untilMs, `PostgreSQL starts: ${said.join("")}`);
        await sleep(LOOK_MS);
      }
      assert.ok(Date.now() < untilMs, `PostgreSQL starts: ${said.join("")}`);
      await sleep(LOOK_MS);
    }
  }

  /** Ends it in order: whoever is connected is cut off. */
  async stop(): Promise<void> {
    this.#process?.kill("SIGINT");
    await this.#process?.status;
    this.#process = undefined;
  }

  /** Ends it and all its processes at once, as a loss of power does. */
  async kill9(): Promise<void> {
    const started = this.#process;
    if (started === undefined) return;
    this.#process = undefined;
    kill(started.pid);
    await started.status;
    // What it has started stands in its folder. One that waits for a lock of a killed one would wait for ever.
    for (;;) {
      const left = await processesIn(this.data);
      if (left.length === 0) return;
      left.forEach(kill);
    }
  }

  /** Copies its data while it is stopped; the returned function puts them back, while it is stopped. */
  async remember(): Promise<() => Promise<void>> {
    assert.equal(this.#process, undefined, "it is stopped");
    const copy = `${this.#folder}/copy${crypto.randomUUID()}`;
    await run("cp", ["-a", this.data, copy]);
    return async () => {
      assert.equal(this.#process, undefined, "it is stopped");
      await Deno.remove(this.data, { recursive: true });
      await run("cp", ["-a", copy, this.data]);
    };
  }

  /** Gives a file of its data to whoever runs it, and to nobody else. */
  own(path: string): void {
    this.#cluster.own(path);
    Deno.chmodSync(path, 0o600);
  }

  /** CPU time of all its processes so far, in seconds. */
  async cpuS(): Promise<number> {
    const { pid } = this.#process!;
    return [pid, ...await childrenOf(pid)].reduce((sum, one) => sum + cpuSOf(one), 0);
  }

  /** Runs SQL as its superuser. */
  async sql(text: string, database = "postgres"): Promise<void> {
    const { default: postgres } = await import("postgres");
    const sql = postgres(this.url(database), { max: 1, fetch_types: false, onnotice: () => {} });
    try {
      await sql.unsafe(text);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9();
    this.#held[Symbol.dispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** The last of what a process says; it grows while the process lives. */
function linesOf(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): string[] {
  const said: string[] = [];
  void stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({
      write(text) {
        said.push(text);
        if (said.length > 20) said.shift();
      },
    }),
  );
  return said;
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // it has ended already
  }
}

/** 0 if it has just ended. */
function cpuSOf(pid: number): number {
  try {
    return processCpuS(pid);
  } catch {
    return 0;
  }
}

async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { LC_ALL: "C" },
    cwd: "/",
  }).output();
  assert.ok(success, `${program}: ${new TextDecoder().decode(stderr)}`);
}
