import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { headerSum, LOG_HEADER_BYTES } from "./log_header.ts";

/** SQLite's extended code when the shared memory may only be read and no snapshot of it fits just now. */
const READONLY_CANTINIT = 264;
/** A server that commits without a pause makes such a try fail once in some hundreds. */
const MOST_TRIES = 100;

/** How a database can be read without a change to any file of its directory. */
type Way =
  /** Beside whoever has it open, or after a crash: the shared memory is only read. */
  | "shared"
  /** Nobody has it open and its log is empty: the file alone is all there is. */
  | "alone"
  /** It has a log and no shared memory, as after a power loss, or its log's header is damaged: a copy is read. */
  | "copied"
  /** The same where the directory is ours: an empty file of shared memory is enough, and is removed at the end. */
  | "indexed";

const QUERIES: Readonly<Record<Way, string>> = {
  shared: "mode=ro&readonly_shm=1",
  alone: "mode=ro&immutable=1",
  copied: "mode=rw",
  indexed: "mode=ro&readonly_shm=1", // SQLite makes its own in memory
};

/**
 * A SQLite file to look into: no file beside it is made, changed or removed, so that it can be evidence, or lie where
 * nobody may write. Reads one moment until {@linkcode renew}.
 */
export class UntouchedDatabase extends DatabaseSync {
  readonly #path: string;
  readonly #way: Way;
  readonly #folder: string | undefined;
  readonly #lookedLike: string;

  /**
   * @param isOurs the caller holds the directory's lock, so that nobody writes and a large file needn't be copied
   * @throws Error of the system or of SQLite if it can't be read
   */
  constructor(path: string, isOurs = false) {
    const way = wayOf(path, isOurs);
    const folder = way === "copied" ? copy(path) : undefined;
    const url = pathToFileURL(folder === undefined ? Deno.realPathSync(path) : `${folder}/copy`);
    url.search = QUERIES[way];
    const lookedLike = looks(path);
    super(url, { readOnly: way !== "copied", open: false });
    this.#path = path;
    this.#way = way;
    this.#folder = folder;
    this.#lookedLike = lookedLike;
    try {
      if (way === "indexed") Deno.writeFileSync(`${path}-shm`, new Uint8Array());
      this.open();
      this.exec("pragma busy_timeout = 5000; pragma query_only = 1");
      this.#begin();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Goes on with what is there now. */
  renew(): void {
    this.exec("rollback");
    this.#begin();
  }

  /** Whether somebody has begun to write since, where nobody was: then what was read may be of two moments. */
  get hasMovedOn(): boolean {
    return this.#way !== "shared" && looks(this.#path) !== this.#lookedLike;
  }

  /** Writes all of one moment into an empty file, which is a database without a log then. Not synced. */
  copyInto(path: string): void {
    this.exec("rollback; pragma query_only = 0");
    const vacuum = this.prepare("vacuum into ?"); // it writes to nothing else
    retrying(() => vacuum.run(path));
    this.exec("pragma query_only = 1");
    this.#begin();
  }

  override close(): void {
    if (this.isOpen) super.close();
    if (this.#way === "indexed") Deno.removeSync(`${this.#path}-shm`);
    if (this.#folder !== undefined) Deno.removeSync(this.#folder, { recursive: true });
  }

  #begin(): void {
    retrying(() => {
      this.exec("begin");
      try {
        this.prepare("select 1 from sqlite_schema").get(); // the moment is that of the first read
      } catch (error) {
        this.exec("rollback");
        throw error;
      }
    });
  }
}

/**
 * Looks into a database of a directory that is ours, and leaves every file of it as it is, also after a crash: opened as
 * usual, SQLite moves the log into the file and deletes it when the last one closes it, and with it what the log could
 * tell.
 *
 * @throws Error as SQLite does, if there is no file or it can't be read
 */
export function lookUntouched<T>(path: string, look: (db: DatabaseSync) => T): T {
  const db = new UntouchedDatabase(path, true);
  try {
    return look(db);
  } finally {
    db.close();
  }
}

function retrying(run: () => void): void {
  for (let tries = 1;; tries++) {
    try {
      return run();
    } catch (error) {
      const isAgain = error instanceof Error && "errcode" in error && error.errcode === READONLY_CANTINIT;
      if (!isAgain || tries === MOST_TRIES) throw error;
    }
  }
}

function wayOf(path: string, isOurs: boolean): Way {
  const log = sizeOf(`${path}-wal`);
  // SQLite can't read past a damaged header without writing a new one.
  if (log !== undefined && log >= LOG_HEADER_BYTES && !isHeaderWhole(`${path}-wal`)) return "copied";
  if (log !== undefined && sizeOf(`${path}-shm`) !== undefined) return "shared";
  return log === undefined || log === 0 ? "alone" : isOurs ? "indexed" : "copied";
}

function copy(path: string): string {
  const folder = Deno.makeTempDirSync({ prefix: "redpkt-look-" });
  try {
    for (const suffix of ["", "-wal"]) Deno.copyFileSync(`${path}${suffix}`, `${folder}/copy${suffix}`);
    return folder;
  } catch (error) {
    Deno.removeSync(folder, { recursive: true });
    throw error;
  }
}

function isHeaderWhole(log: string): boolean {
  using file = Deno.openSync(log);
  const bytes = new Uint8Array(LOG_HEADER_BYTES);
  file.readSync(bytes);
  return headerSum(new DataView(bytes.buffer)) !== undefined;
}

/** Changes when somebody writes to a database, or opens it to write. */
function looks(path: string): string {
  return ["", "-wal", "-shm"].map((suffix) => {
    const size = sizeOf(`${path}${suffix}`);
    return size === undefined ? "none" : `${size} ${Deno.statSync(`${path}${suffix}`).mtime?.getTime()}`;
  }).join();
}

function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
