import { parseMemory } from "../../core/doctor/host_facts.ts";
import { readKernelText } from "../../core/os/kernel_files.ts";

/** The machine's memory at one moment, in bytes. */
export interface MachineMemory {
  readonly availableBytes: number;
  /** What the kernel holds in its own small objects: sockets, inodes, files, armed receives. */
  readonly slabBytes: number;
  /** Sockets that have a connection, over all processes. */
  readonly sockets: number;
}

/** Reads it; undefined where there is no `/proc`. */
export function readMachineMemory(): MachineMemory | undefined {
  const { MemAvailable, Slab } = parseMemory(readKernelText("/proc/meminfo") ?? "");
  const sockets = /^TCP: inuse (\d+)/m.exec(readKernelText("/proc/net/sockstat") ?? "")?.[1];
  if (MemAvailable === undefined || Slab === undefined) return undefined;
  return { availableBytes: MemAvailable, slabBytes: Slab, sockets: Number(sockets ?? 0) };
}

/** What connections cost, from before them to after. */
export interface MemoryCost {
  readonly availableBytes: number;
  /** Kernel objects a connection, both ends together. */
  readonly slabBytesPerConnection: number;
  /** All that is no longer available, processes too, a connection with both its ends. */
  readonly bytesPerConnection: number;
}

export function memoryCost(
  before: MachineMemory | undefined,
  after: MachineMemory | undefined,
  connections: number,
): MemoryCost | undefined {
  if (before === undefined || after === undefined) return undefined;
  return {
    availableBytes: after.availableBytes,
    slabBytesPerConnection: Math.round((after.slabBytes - before.slabBytes) / connections),
    bytesPerConnection: Math.round((before.availableBytes - after.availableBytes) / connections),
  };
}
