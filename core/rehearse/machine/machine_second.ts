import type { MachineUse } from "../../report/data/summary_schema.ts";
import type { MachineReading } from "./machine_reading.ts";

/** A process that isn't ours, and what it took. */
export interface Neighbour {
  readonly pid: number;
  readonly name: string;
  readonly cores: number;
}

/** What a machine did in one second besides. */
export interface MachineSecond extends MachineUse {
  /** Those that took most, the first the most. */
  readonly neighbours: readonly Neighbour[];
}

/** The parent of all of the kernel's threads. */
const KERNEL_PARENT = 2;
const MOST_NEIGHBOURS = 3;
/** Less is what any machine does. */
const LEAST_CORES = 0.02;

/** What happened between two readings. */
export function machineSecond(
  before: MachineReading,
  after: MachineReading,
  ownPids: readonly number[],
): MachineSecond {
  const spanMs = Math.max(1, after.atMs - before.atMs);
  const own = new Set(ownPids);
  const neighbours: Neighbour[] = [];
  let [ownMs, kernelMs] = [0, 0];
  for (const [pid, { name, parent, cpuMs }] of after.processes) {
    // One that is new took all of its time since then.
    const grewMs = cpuMs - (before.processes.get(pid)?.cpuMs ?? 0);
    if (own.has(pid)) ownMs += grewMs;
    // The kernel's own threads work for everybody, on our packets above all.
    else if (parent === KERNEL_PARENT) kernelMs += grewMs;
    else if (grewMs / spanMs >= LEAST_CORES) neighbours.push({ pid, name, cores: grewMs / spanMs });
  }
  const cores = (grewMs: number | undefined) => grewMs === undefined ? null : Math.max(0, grewMs) / spanMs;
  const grew = (read: (reading: MachineReading) => number | undefined) => {
    const [from, to] = [read(before), read(after)];
    return from === undefined || to === undefined ? undefined : to - from;
  };
  const programsMs = grew(({ cpu }) => cpu?.programsMs);
  const perS = (value: number | undefined) =>
    value === undefined ? null : Math.max(0, value) / spanMs * 1_000;
  const pressureMs = grew(({ pressureMs }) => pressureMs);
  return {
    idleCores: cores(grew(({ cpu }) => cpu?.idleMs)),
    ownCores: after.processes.size === 0 ? null : ownMs / spanMs,
    othersCores: cores(programsMs === undefined ? undefined : programsMs - ownMs - kernelMs),
    stealCores: cores(grew(({ cpu }) => cpu?.stealMs)),
    waitCores: cores(waitedMs(before, after)),
    pressurePercent: pressureMs === undefined ? null : Math.min(100, 100 * pressureMs / spanMs),
    segmentsOut: perS(grew(({ tcp }) => tcp?.segmentsOut)),
    retransmits: perS(grew(({ tcp }) => tcp?.retransmits)),
    drops: perS(grew(({ tcp }) => tcp?.drops)),
    neighbours: neighbours.sort((a, b) => b.cores - a.cores).slice(0, MOST_NEIGHBOURS),
  };
}

function waitedMs(before: MachineReading, after: MachineReading): number | undefined {
  if (after.waits.size === 0) return undefined;
  let sumMs = 0;
  for (const [thread, waitMs] of after.waits) sumMs += waitMs - (before.waits.get(thread) ?? 0);
  return sumMs;
}

/** The average of several seconds; the neighbours are those of all of them. */
export function averageOf(seconds: readonly MachineSecond[]): MachineSecond {
  const mean = (of: (second: MachineSecond) => number | null) => {
    const known = seconds.map(of).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const byPid = new Map<number, Neighbour>();
  for (const { neighbours } of seconds) {
    for (const { pid, name, cores } of neighbours) {
      byPid.set(pid, { pid, name, cores: (byPid.get(pid)?.cores ?? 0) + cores / seconds.length });
    }
  }
  return {
    idleCores: mean(({ idleCores }) => idleCores),
    ownCores: mean(({ ownCores }) => ownCores),
    othersCores: mean(({ othersCores }) => othersCores),
    stealCores: mean(({ stealCores }) => stealCores),
    waitCores: mean(({ waitCores }) => waitCores),
    pressurePercent: mean(({ pressurePercent }) => pressurePercent),
    segmentsOut: mean(({ segmentsOut }) => segmentsOut),
    retransmits: mean(({ retransmits }) => retransmits),
    drops: mean(({ drops }) => drops),
    neighbours: [...byPid.values()].sort((a, b) => b.cores - a.cores).slice(0, MOST_NEIGHBOURS),
  };
}
