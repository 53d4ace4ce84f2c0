import { ExitCode, UserError } from "../../base/user_error.ts";
import { syncFolderAside } from "../../ledger/disk/sync_folder.ts";

/** The few things that claims do with files, so that a test can lose power between any two of them. */
export interface ClaimDisk {
  /** Opens for reading and writing; undefined if there is none. */
  open(path: string): Promise<ClaimDiskFile | undefined>;
  /** Makes a file; fails with `AlreadyExists` if there is one. */
  create(path: string): Promise<ClaimDiskFile>;
  /** Gives a file another name; fails with `AlreadyExists` if that is taken. */
  link(path: string, name: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes a folder and those above it; those that it made are durable. */
  makeFolder(path: string): Promise<void>;
  /** Its path without links. */
  realPath(path: string): Promise<string>;
  names(folder: string): Promise<string[]>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
}

export interface ClaimDiskFile {
  read(): Promise<Uint8Array>;
  write(at: number, bytes: Uint8Array): Promise<void>;
  /** Makes what was written durable. */
  sync(): Promise<void>;
  /** Keeps the file to this process until it is closed; false if another one has it. */
  tryLock(): Promise<boolean>;
  /** How many names the file has. */
  links(): Promise<number>;
  close(): void;
}

/** This machine's. */
export const systemDisk: ClaimDisk = {
  async open(path) {
    try {
      return new SystemFile(await Deno.open(path, { read: true, write: true }));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  },
  create: async (path) => new SystemFile(await Deno.open(path, { read: true, write: true, createNew: true })),
  link: (path, name) => Deno.link(path, name),
  remove: (path) => Deno.remove(path),
  async makeFolder(path) {
    const made = [];
    for (let folder = path; !await exists(folder); folder = folderOf(folder)) made.push(folder);
    for (const folder of made.reverse()) {
      // Somebody else may make it at the same moment.
      await Deno.mkdir(folder, { recursive: true });
      await this.syncFolder(folderOf(folder));
    }
  },
  realPath: (path) => Deno.realPath(path),
  names: async (folder) => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name),
  syncFolder: syncFolderAside,
};

/** The folder that a path lies in. */
export function folderOf(path: string): string {
  const [, folder = "."] = /^(.*?)[/\\]+[^/\\]*[/\\]*$/.exec(path) ?? [];
  return folder === "" ? "/" : folder;
}

/** What the kernel says of a disk that fails, is full or doesn't answer: another try may succeed. */
const DISK_FAULTS = new Set(["EIO", "ENOSPC", "EDQUOT", "ETIMEDOUT", "ESTALE", "ENODEV", "ENXIO"]);

/** A failure of a disk at a start, in one line; its exit code tells whether another try may succeed by itself. */
export function diskError(what: string, error: unknown): UserError {
  const reason = error instanceof Deno.errors.PermissionDenied
    ? "no permission"
    : error instanceof Error
    ? error.message.split("\n")[0]
    : String(error);
  const isFault = error instanceof Error && "code" in error && DISK_FAULTS.has(String(error.code));
  const remedy = isFault
    ? ""
    : ". Both the seed file's folder and --claims DIR must be where this server may write";
  return new UserError(
    `${what} cannot be written: ${reason}${remedy}`,
    isFault ? ExitCode.diskFailed : ExitCode.usage,
  );
}

class SystemFile implements ClaimDiskFile {
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  async read(): Promise<Uint8Array> {
    const bytes = new Uint8Array((await this.#file.stat()).size);
    await this.#file.seek(0, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) {
      const got = await this.#file.read(bytes.subarray(at));
      if (got === null) break;
      at += got;
    }
    return bytes;
  }

  async write(at: number, bytes: Uint8Array): Promise<void> {
    await this.#file.seek(at, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += await this.#file.write(bytes.subarray(done));
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  tryLock(): Promise<boolean> {
    return this.#file.tryLock(true);
  }

  async links(): Promise<number> {
    return (await this.#file.stat()).nlink ?? 1;
  }

  close(): void {
    this.#file.close();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
