/** What SQLite keeps beside a database. */
const SUFFIXES = ["", "-wal", "-shm"] as const;

/**
 * Gives a file of a ledger's directory, and what SQLite keeps beside it, a name that says when: what it knows may be the
 * only trace of something.
 *
 * @returns the new name in the directory; undefined if there is no such file
 */
export function setAside(directory: string, file: string, wallMs: number): string | undefined {
  const time = new Date(wallMs).toISOString().replaceAll(/[:.]/g, "-");
  let name = `${file}.aside-${time}`;
  for (let more = 2; SUFFIXES.some((suffix) => exists(`${directory}/${name}${suffix}`)); more++) {
    name = `${file}.aside-${time}-${more}`;
  }
  const found = SUFFIXES.filter((suffix) => exists(`${directory}/${file}${suffix}`));
  for (const suffix of found) {
    Deno.renameSync(`${directory}/${file}${suffix}`, `${directory}/${name}${suffix}`);
  }
  return found.length === 0 ? undefined : name;
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
