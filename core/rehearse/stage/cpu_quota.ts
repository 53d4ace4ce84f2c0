/** Where cgroup version 1 and 2 are mounted, as far as this program may make groups there. */
const V1 = "/sys/fs/cgroup/cpu";
const V2 = "/sys/fs/cgroup";
/** Short, so that a held process pauses for less than the latencies that are measured. */
const PERIOD_US = 10_000;
/** The kernel takes no smaller quota. */
const LEAST_QUOTA_US = 1_000;

/** Holds processes to a share of a core by a cgroup, where this machine lets us make one. */
export class CpuQuota {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Makes a group whose processes together get `cores` of CPU time.
   *
   * @returns undefined if this machine doesn't let us, with nothing left behind
   */
  static open(name: string, cores: number): CpuQuota | undefined {
    const periodUs = Math.max(PERIOD_US, Math.ceil(LEAST_QUOTA_US / cores));
    const quotaUs = Math.round(periodUs * cores);
    return makeGroup(`${V1}/${name}`, [["cpu.cfs_period_us", periodUs], ["cpu.cfs_quota_us", quotaUs]]) ??
      makeGroup(`${V2}/${name}`, [["cpu.max", `${quotaUs} ${periodUs}`]]);

    function makeGroup(path: string, settings: readonly [file: string, value: string | number][]) {
      try {
        Deno.mkdirSync(path);
      } catch {
        return undefined;
      }
      try {
        for (const [file, value] of settings) Deno.writeTextFileSync(`${path}/${file}`, String(value));
        return new CpuQuota(path);
      } catch {
        removeGroup(path);
        return undefined;
      }
    }
  }

  /** Holds a process and all its threads. */
  hold(pid: number): void {
    Deno.writeTextFileSync(`${this.#path}/cgroup.procs`, String(pid));
  }

  /** Removes the group; its processes must have ended. */
  close(): void {
    removeGroup(this.#path);
  }
}

function removeGroup(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Somebody is still in it; the next boot removes it.
  }
}
