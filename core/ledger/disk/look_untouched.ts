import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";

/**
 * Looks into a database of this directory's owner and leaves every file of it as it is, also after a crash: opened as
 * usual, SQLite moves the log into the file and deletes it when the last one closes it, and with it what the log could
 * tell. To be used while nobody writes: what is returned is of one moment.
 *
 * @throws Error as SQLite does, if there is no file or it can't be read
 */
export function lookUntouched<T>(path: string, look: (db: DatabaseSync) => T): T {
  const [log, index] = [`${path}-wal`, `${path}-shm`];
  if (!isFile(log)) return looking(path, "immutable=1", look);
  // Without its index a log can't be read, and an empty one is enough: SQLite then makes its own in memory.
  const lacksIndex = !isFile(index);
  if (lacksIndex) Deno.writeFileSync(index, new Uint8Array());
  try {
    return looking(path, "mode=ro&readonly_shm=1", look);
  } finally {
    if (lacksIndex) Deno.removeSync(index);
  }
}

function looking<T>(path: string, query: string, look: (db: DatabaseSync) => T): T {
  const url = pathToFileURL(path);
  url.search = query;
  const db = new DatabaseSync(url, { readOnly: true });
  try {
    db.exec("pragma busy_timeout = 2000");
    return look(db);
  } finally {
    db.close();
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
