/** What a ledger's files say, read without any of its code: whoever changes that must be found. */
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { copyFolder } from "./world.ts";

/** Files that say nothing: who had the lock last, and memory that SQLite's processes share while they run. */
const SAYS_NOTHING = /^lock$|-shm$/;

/**
 * What each file of a directory says, by its name: every row of a database with its log, every byte of another file. One
 * that can't be read says that.
 */
export function contentOf(directory: string): Map<string, string> {
  const folder = Deno.makeTempDirSync({ prefix: "redpkt-content-" });
  try {
    copyFolder(directory, folder); // SQLite writes when it reads a log
    const content = new Map<string, string>();
    for (const { name } of Deno.readDirSync(folder)) {
      if (SAYS_NOTHING.test(name) || name.endsWith("-wal")) continue;
      const path = `${folder}/${name}`;
      content.set(name, name.endsWith(".db") ? databaseText(path) : digest(Deno.readFileSync(path)));
    }
    return content;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Names of files that say something else than before. */
export function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));
}

function databaseText(path: string): string {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    const hash = createHash("sha256");
    const add = (row: unknown) =>
      hash.update(JSON.stringify(row, (_, value) => typeof value === "bigint" ? `${value}n` : value));
    const parts = db.prepare("select type, name, tbl_name, sql from sqlite_schema order by type, name").all();
    parts.forEach(add);
    for (const { type, name } of parts) {
      if (type !== "table") continue;
      const select = db.prepare(`select * from "${name}"`);
      select.setReadBigInts(true);
      for (const row of select.iterate()) add(row);
    }
    return hash.digest("hex");
  } catch (error) {
    return `can't be read: ${(error as Error).message}`;
  } finally {
    db?.close();
  }
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
