/** What a bench ran on: figures mean little without it. */
import { z } from "zod";
import { buildTools, memoryLatency } from "./floor/tools.ts";

export const machineSchema = z.object({
  processor: z.string(),
  cores: z.number(),
  kernel: z.string(),
  runtime: z.string(),
  load1: z.number().describe("Load of the minute before the bench, in processes that run or want to"),
  memoryNs: z.record(z.string(), z.number()).optional()
    .describe("How long a random read takes, by MiB that are read from; absent without a C compiler"),
});
export type Machine = Readonly<z.output<typeof machineSchema>>;

/** Looks at this machine; takes a second or two for its memory. */
export async function readMachine(): Promise<Machine> {
  const folder = await Deno.makeTempDir({ prefix: "redpkt-machine-" });
  const load1 = Deno.loadavg()[0];
  try {
    const tools = await buildTools(folder);
    return {
      processor: await processorName(),
      cores: navigator.hardwareConcurrency,
      kernel: `${Deno.build.os} ${Deno.osRelease()}`,
      runtime: `Deno ${Deno.version.deno}`,
      load1,
      ...("why" in tools ? {} : { memoryNs: await memoryLatency(tools) }),
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
