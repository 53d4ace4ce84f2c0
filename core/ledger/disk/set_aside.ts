import { syncFolder } from "./sync_folder.ts";

/** What SQLite keeps beside a database. */
const SUFFIXES = ["", "-wal", "-shm"] as const;

/**
 * Gives a file of a ledger's directory, and what SQLite keeps beside it, a name that says when: what it knows may be the
 * only trace of something.
 *
 * @returns the new name in the directory; undefined if there is no such file
 */
export function setAside(directory: string, file: string, wallMs: number): string | undefined {
  const found = present(directory, file);
  if (found.length === 0) return undefined;
  const name = asideName(directory, file, wallMs);
  for (const suffix of found) {
    Deno.renameSync(`${directory}/${file}${suffix}`, `${directory}/${name}${suffix}`);
  }
  syncFolder(directory);
  return name;
}

/** Copies a database that nobody writes to, with its log, to such a name, which is returned. */
export function copyAside(directory: string, file: string, wallMs: number): string {
  const name = asideName(directory, file, wallMs);
  for (const suffix of present(directory, file)) {
    if (suffix !== "-shm") {
      Deno.copyFileSync(`${directory}/${file}${suffix}`, `${directory}/${name}${suffix}`);
    }
  }
  return name;
}

function present(directory: string, file: string): string[] {
  return SUFFIXES.filter((suffix) => exists(`${directory}/${file}${suffix}`));
}

/** A name that isn't taken. */
function asideName(directory: string, file: string, wallMs: number): string {
  const time = new Date(wallMs).toISOString().replaceAll(/[:.]/g, "-");
  let name = `${file}.aside-${time}`;
  for (let more = 2; present(directory, name).length > 0; more++) name = `${file}.aside-${time}-${more}`;
  return name;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
