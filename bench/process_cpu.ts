const TICKS_PER_S = 100;

/** User and system time of a process so far, in seconds; a tick is 10 ms. Throws if it has ended. */
export function processCpuS(pid: number): number {
  return cpuS(`/proc/${pid}/stat`);
}

/** The same of its threads by their names, such as `worker-2`; those that bear one name together. */
export function threadsCpuS(pid: number): Readonly<Record<string, number>> {
  const threads: Record<string, number> = {};
  for (const { name: thread } of Deno.readDirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    try {
      const name = Deno.readTextFileSync(`${folder}/comm`).trim();
      threads[name] = (threads[name] ?? 0) + cpuS(`${folder}/stat`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // it has just ended
    }
  }
  return threads;
}

function cpuS(path: string): number {
  const fields = Deno.readTextFileSync(path).split(") ").at(-1)!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}
