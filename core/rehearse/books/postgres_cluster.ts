import { UserError } from "../../base/user_error.ts";

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

/** Lines of `postgresql.conf`. */
const SETTINGS = `
fsync = on
max_connections = 100
shared_buffers = 32MB
log_min_messages = log
restart_after_crash = on
recovery_init_sync_method = syncfs
`;

/** A PostgreSQL of its own in a folder, on loopback. Everybody on this machine is trusted: for rehearsals and tests. */
export class PostgresCluster {
  readonly data: string;
  readonly port: number;
  readonly #bin: string;
  readonly #folder: string;
  readonly #identity = identity();

  /** @param folder is there, and empty; it becomes that of the user who runs PostgreSQL */
  constructor(bin: string, folder: string, port: number) {
    this.#bin = bin;
    this.#folder = folder;
    this.data = `${folder}/data`;
    this.port = port;
    this.own(folder);
  }

  /** Gives a file or folder to the user who runs it. */
  own(path: string): void {
    const { uid, gid } = this.#identity;
    if (uid !== undefined) Deno.chownSync(path, uid, gid!);
  }

  /** Where it takes connections, as its superuser. */
  url(database = "postgres", user = "postgres"): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** Makes its files. @param settings further lines of its configuration */
  async make(settings = ""): Promise<void> {
    const { success, stderr } = await new Deno.Command(`${this.#bin}/initdb`, {
      args: ["-D", this.data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "-N"],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      env: { LC_ALL: "C" },
      cwd: "/",
      ...this.#identity,
    }).output();
    if (!success) throw new UserError(`initdb: ${new TextDecoder().decode(stderr).trim()}`);
    Deno.writeTextFileSync(`${this.data}/postgresql.conf`, SETTINGS + settings, { append: true });
  }

  /** Starts it; it takes connections once it {@linkcode answers}. SIGINT ends it in order. */
  spawn(stderr: "null" | "piped" = "null"): Deno.ChildProcess {
    return new Deno.Command(`${this.#bin}/postgres`, {
      args: [
        ...["-D", this.data, "-p", String(this.port), "-c", "listen_addresses=127.0.0.1"],
        ...["-c", `unix_socket_directories=${this.#folder}`],
      ],
      stdin: "null",
      stdout: "null",
      stderr,
      env: { LC_ALL: "C" },
      cwd: "/", // it may not enter everybody's folders
      ...this.#identity,
    }).spawn();
  }

  async answers(): Promise<boolean> {
    const { success } = await new Deno.Command(`${this.#bin}/pg_isready`, {
      args: ["-q", "-h", "127.0.0.1", "-p", String(this.port), "-d", "postgres", "-U", "postgres"],
      env: { LC_ALL: "C" },
    }).output();
    return success;
  }
}

/** Who runs it: PostgreSQL refuses root. */
function identity(): { readonly uid?: number; readonly gid?: number } {
  if (Deno.uid() !== 0) return {};
  const lines = Deno.readTextFileSync("/etc/passwd").split("\n").map((line) => line.split(":"));
  const [, , uid, gid] = lines.find(([name]) => name === "postgres") ??
    lines.find(([name]) => name === "nobody")!;
  return { uid: Number(uid), gid: Number(gid) };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
