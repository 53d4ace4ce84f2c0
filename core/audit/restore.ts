import type { OnStage } from "../cli/progress.ts";
import { UserError } from "../base/user_error.ts";
import { type Backup, isSameBackup, proveBackup, syncFile } from "./backup.ts";
import { DirectoryLock } from "../ledger/disk/directory_lock.ts";
import { HeadMark } from "../ledger/chain/head_mark.ts";
import { TRUTH_FILE } from "../ledger/store/sqlite_store.ts";
import { syncFolder } from "../ledger/disk/sync_folder.ts";

/**
 * Makes a ledger out of a backup, in a directory that is empty or isn't there yet. What is made of the rows, the next
 * server makes anew. If it is killed before the end, what it leaves is no ledger, and no server starts on it.
 *
 * @throws UserError if the backup isn't good, or the directory holds anything
 */
export function restore(file: string, directory: string, onStage: OnStage): Backup {
  refuseFull(directory);
  const backup = proveBackup(file, onStage);
  const lock = DirectoryLock.take(directory, "restore");
  try {
    const part = `${directory}/${TRUTH_FILE}.part`;
    Deno.copyFileSync(file, part);
    if (!isSameBackup(proveBackup(part, onStage), backup)) {
      throw new UserError(`${file}: was changed while it was read`);
    }
    syncFile(part);
    const mark = new HeadMark(directory, backup.ledger);
    mark.write(backup.tip);
    mark.close();
    Deno.renameSync(part, `${directory}/${TRUTH_FILE}`);
    syncFolder(directory);
    return backup;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${directory}: cannot be written: ${(error as Error).message}`);
  } finally {
    lock.release();
  }
}

function refuseFull(directory: string): void {
  let names: string[];
  try {
    names = [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw new UserError(`${directory}: cannot be read: ${(error as Error).message}`);
  }
  if (names.length === 0) return;
  throw new UserError(`${directory}: holds ${names.sort().join(", ")}. Name an empty directory`);
}
