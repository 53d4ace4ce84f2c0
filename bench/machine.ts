/** What a bench ran on: figures mean little without it. */
import { buildTools, memoryLatency } from "./floor/tools.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly kernel: string;
  readonly runtime: string;
  /** Load of the last minute when the bench began, in processes that run or want to. */
  readonly load1: number;
  /** How long a random read takes in ns, by MiB that are read from; undefined where no C compiler is. */
  readonly memoryNs: Readonly<Record<string, number>> | undefined;
}

/** Looks at this machine; takes a second or two for its memory. */
export async function readMachine(): Promise<Machine> {
  const folder = await Deno.makeTempDir({ prefix: "redpkt-machine-" });
  try {
    const tools = await buildTools(folder);
    return {
      processor: await processorName(),
      cores: navigator.hardwareConcurrency,
      kernel: `${Deno.build.os} ${Deno.osRelease()}`,
      runtime: `Deno ${Deno.version.deno}`,
      load1: Deno.loadavg()[0],
      memoryNs: "why" in tools ? undefined : await memoryLatency(tools),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The same in two lines. */
export function machineText({ processor, cores, kernel, runtime, load1, memoryNs }: Machine): string {
  const memory = memoryNs === undefined
    ? "memory latency not measured: no C compiler"
    : "a random read takes " +
      Object.entries(memoryNs).map(([mb, ns]) => `${Math.round(ns)} ns in ${mb} MiB`).join(", ");
  return `${processor}, ${cores} cores, ${kernel}, ${runtime}, load ${load1.toFixed(1)}\n${memory}\n`;
}

async function processorName(): Promise<string> {
  try {
    const text = await Deno.readTextFile("/proc/cpuinfo");
    return /^model name\s*:\s*(.+)$/m.exec(text)?.[1] ?? Deno.build.arch;
  } catch {
    return Deno.build.arch;
  }
}
