import { dirname, resolve } from "node:path";
import { exists } from "../../base/exists.ts";
import { UserError } from "../../base/user_error.ts";
import { syncFolder } from "./sync_folder.ts";

const LOCK_FILE = "lock";
/** In the message that another process has it. */
export const LEDGER_TAKEN = "uses this ledger";

/**
 * Keeps a ledger's directory to one process. The kernel lets go of the lock when the process ends, however it ends. The
 * file itself stays; it names the process that had the lock last. The directory is locked too, where that can be done:
 * somebody may remove the file while the process goes on.
 */
export class DirectoryLock {
  readonly #file: Deno.FsFile;
  readonly #folder: Deno.FsFile | undefined;

  private constructor(file: Deno.FsFile, folder: Deno.FsFile | undefined) {
    this.#file = file;
    this.#folder = folder;
  }

  /**
   * Makes the directory if there is none, and locks it.
   *
   * @param flag what the directory was given by, for messages
   * @throws UserError if another process has it, or it can't be written
   */
  static take(directory: string, flag: string): DirectoryLock {
    let file: Deno.FsFile;
    let folder: Deno.FsFile | undefined;
    try {
      makeFolder(directory);
      file = Deno.openSync(`${directory}/${LOCK_FILE}`, { read: true, write: true, create: true });
      folder = openFolder(directory);
    } catch (error) {
      throw new UserError(`${flag} ${directory}: cannot be written: ${reason(error)}`);
    }
    if (!file.tryLockSync(true) || !tryLockFolder(folder)) {
      const holder = new TextDecoder().decode(readAll(file)).trim();
      file.close();
      folder?.close();
      throw new UserError(
        `${flag} ${directory}: process ${
          holder || "unknown"
        } ${LEDGER_TAKEN}. Stop it, or name another directory`,
      );
    }
    file.truncateSync(0);
    file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
    return new DirectoryLock(file, folder);
  }

  /**
   * The same for a directory that must be there already.
   *
   * @throws UserError if it isn't
   */
  static takeExisting(directory: string, flag: string): DirectoryLock {
    try {
      Deno.statSync(directory);
    } catch {
      throw new UserError(`${directory}: holds no ledger (there is no such directory)`);
    }
    return DirectoryLock.take(directory, flag);
  }

  release(): void {
    this.#file.unlockSync();
    this.#file.close();
    this.#folder?.close();
  }
}

/** Makes a directory and those above it, and their names durable: a power loss must not take a ledger with its folder. */
function makeFolder(directory: string): void {
  const made: string[] = [];
  for (let folder = resolve(directory); !exists(folder); folder = dirname(folder)) made.push(folder);
  Deno.mkdirSync(directory, { recursive: true });
  for (const folder of made.reverse()) syncFolder(dirname(folder));
}

/** Undefined on Windows, which can't open a folder. */
function openFolder(directory: string): Deno.FsFile | undefined {
  return Deno.build.os === "windows" ? undefined : Deno.openSync(directory);
}

/** Whether no other process has it; a file system that knows no locks of folders leaves it to the file. */
function tryLockFolder(folder: Deno.FsFile | undefined): boolean {
  try {
    return folder?.tryLockSync(true) ?? true;
  } catch {
    return true;
  }
}

function readAll(file: Deno.FsFile): Uint8Array {
  const bytes = new Uint8Array(32);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied) return "no permission";
  if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
    return "there is a file of this name";
  }
  return error instanceof Error ? error.message : String(error);
}
