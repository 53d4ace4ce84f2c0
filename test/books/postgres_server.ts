import assert from "node:assert/strict";
import { sleep } from "../../core/base/clock.ts";
import { childrenOf } from "./processes.ts";

/** Nothing takes as long, unless it hangs. */
const MOST_MS = 120_000;
const LOOK_MS = 50;

/** PostgreSQL's programs, newest version first; undefined where it isn't installed. */
export function findPostgres(): string | undefined {
  const folders: string[] = [];
  try {
    for (const { name } of Deno.readDirSync("/usr/lib/postgresql")) {
      folders.push(`/usr/lib/postgresql/${name}/bin`);
    }
  } catch {
    // another system, or none
  }
  folders.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  return [...folders, ...(Deno.env.get("PATH") ?? "").split(":")].find((folder) =>
    ["initdb", "postgres"].every((program) => isFile(`${folder}/${program}`))
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Who runs it: PostgreSQL refuses root. */
interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

function identity(): Identity {
  if (Deno.uid() !== 0) return {};
  const lines = Deno.readTextFileSync("/etc/passwd").split("\n").map((line) => line.split(":"));
  const [, , uid, gid] = lines.find(([name]) => name === "postgres") ??
    lines.find(([name]) => name === "nobody")!;
  return { uid: Number(uid), gid: Number(gid) };
}

/** Further lines of `postgresql.conf`. */
const SETTINGS = `
fsync = on
max_connections = 100
shared_buffers = 32MB
log_min_messages = fatal
restart_after_crash = on
`;

/** A private PostgreSQL on loopback, with its data in a temporary folder. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly data: string;
  readonly #bin: string;
  readonly #folder: string;
  readonly #identity = identity();
  #process: Deno.ChildProcess | undefined;

  private constructor(bin: string) {
    this.#bin = bin;
    this.#folder = Deno.makeTempDirSync({ prefix: "redpkt-pg-" });
    this.data = `${this.#folder}/data`;
    const { uid, gid } = this.#identity;
    if (uid !== undefined) Deno.chownSync(this.#folder, uid, gid!);
    // Another program may take the port before PostgreSQL does; then the start fails, and says so.
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = listener.addr.port;
    listener.close();
  }

  /** Makes one and starts it. @param settings further lines of its configuration */
  static async start(settings = ""): Promise<PostgresServer> {
    const bin = findPostgres();
    assert.ok(bin !== undefined, "PostgreSQL is installed");
    const server = new PostgresServer(bin);
    await server.#run("initdb", [
      "-D",
      server.data,
      "-A",
      "trust",
      "-U",
      "postgres",
      "-E",
      "UTF8",
      "--no-locale",
      "-N",
    ]);
    await Deno.writeTextFile(`${server.data}/postgresql.conf`, SETTINGS + settings, { append: true });
    await server.restart();
    return server;
  }

  /** Where it takes connections, as its superuser; everybody is trusted. */
  url(database = "postgres", user = "postgres"): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts it, on the data that there are. Resolves when it answers. */
  async restart(): Promise<void> {
    const untilMs = Date.now() + MOST_MS;
    for (;;) {
      // One that was killed may hold its memory for a moment: then the new one ends by itself.
      const started = this.#process = this.#spawn();
      let hasEnded = false;
      void started.status.then(() => hasEnded = true);
      while (!hasEnded) {
        if (await this.#answers()) return;
        assert.ok(Date.now() < untilMs, "PostgreSQL starts");
        await sleep(LOOK_MS);
      }
      assert.ok(Date.now() < untilMs, "PostgreSQL starts");
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
    const children = await childrenOf(started.pid);
    for (const pid of [started.pid, ...children]) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // it has ended already
      }
    }
    await started.status;
    this.#process = undefined;
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
    const { uid, gid } = this.#identity;
    if (uid !== undefined) Deno.chownSync(path, uid, gid!);
    Deno.chmodSync(path, 0o600);
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
    await Deno.remove(this.#folder, { recursive: true });
  }

  #spawn(): Deno.ChildProcess {
    return new Deno.Command(`${this.#bin}/postgres`, {
      args: [
        ...["-D", this.data, "-p", String(this.port), "-c", "listen_addresses=127.0.0.1"],
        ...["-c", `unix_socket_directories=${this.#folder}`],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
      env: { LC_ALL: "C" },
      ...this.#identity,
    }).spawn();
  }

  async #answers(): Promise<boolean> {
    const { success } = await new Deno.Command(`${this.#bin}/pg_isready`, {
      args: ["-q", "-h", "127.0.0.1", "-p", String(this.port), "-d", "postgres", "-U", "postgres"],
      env: { LC_ALL: "C" },
    }).output();
    return success;
  }

  async #run(program: string, args: string[]): Promise<void> {
    await run(`${this.#bin}/${program}`, args, this.#identity);
  }
}

async function run(program: string, args: string[], identity: Identity = {}): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { LC_ALL: "C" },
    cwd: "/",
    ...identity,
  }).output();
  assert.ok(success, `${program}: ${new TextDecoder().decode(stderr)}`);
}
