/** Whether what a bench calls durable can be: where its files lie, and how long a sync takes there. */
import { readKernelText } from "../../core/os/kernel_files.ts";
import { premise } from "./premise.ts";
import { type Spread, spreadOf } from "./spread.ts";

export interface Disk {
  readonly fileSystem: string;
  /** How long it takes to write a page and sync it, in ms. */
  readonly syncMs: Spread;
}

/** File systems that a power loss clears. */
const MEMORY = ["tmpfs", "ramfs", "devtmpfs", "hugetlbfs"];
/** No disk that keeps anything answers faster; a sync that does nothing takes a tenth of it. */
const LEAST_SYNC_MS = 0.01;
const SYNCS = 50;
const PAGE_BYTES = 4_096;

/**
 * Looks at the disk under a folder that exists.
 *
 * @throws PremiseFailed if nothing that is written there outlives a power loss
 */
export function durableDisk(folder: string): Disk {
  const fileSystem = fileSystemOf(Deno.realPathSync(folder), readKernelText("/proc/self/mountinfo") ?? "");
  premise(
    !MEMORY.includes(fileSystem),
    `${folder} lies in memory (${fileSystem}): set TMPDIR to a folder on a disk`,
  );
  const syncMs = measureSync(`${folder}/sync`);
  premise(
    syncMs.median >= LEAST_SYNC_MS,
    `a sync in ${folder} takes ${(syncMs.median * 1_000).toFixed(1)} us: nothing is written`,
  );
  return { fileSystem, syncMs };
}

/** The same in a line. */
export function diskText({ fileSystem, syncMs: { least, median, most } }: Disk): string {
  const [first, middle, last] = [least, median, most].map((ms) => ms.toFixed(2));
  return `disk: ${fileSystem}, a sync takes ${middle} ms (${first} to ${last})`;
}

/** The type of the file system that a path lies in, out of `/proc/self/mountinfo`; `unknown` if that doesn't tell. */
export function fileSystemOf(path: string, mounts: string): string {
  let [longest, found] = [0, "unknown"];
  for (const line of mounts.split("\n")) {
    const [, at, type] = /^(?:\S+ ){4}(\S+) .*? - (\S+) /.exec(line) ?? [];
    if (at === undefined || at.length < longest) continue;
    if (at === "/" || path === at || path.startsWith(`${at}/`)) [longest, found] = [at.length, type];
  }
  return found;
}

function measureSync(path: string): Spread {
  const file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const page = new Uint8Array(PAGE_BYTES);
  try {
    return spreadOf(Array.from({ length: SYNCS }, () => {
      const startMs = performance.now();
      file.writeSync(page);
      file.syncDataSync();
      return performance.now() - startMs;
    }));
  } finally {
    file.close();
    Deno.removeSync(path);
  }
}
