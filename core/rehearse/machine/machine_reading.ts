import { readKernelText } from "../../os/kernel_files.ts";
import {
  type CpuTimes,
  parseCpuTimes,
  parsePressureMs,
  parseProcessTimes,
  parseTcpCounts,
  parseWaitMs,
  type ProcessTimes,
  type TcpCounts,
} from "./kernel_counts.ts";

/** Of more processes than this nobody is named: looking at them all each second would be a load of its own. */
const MOST_PROCESSES = 2_000;

/** Everything that a machine counts since its start, at one moment. Undefined is what it doesn't tell. */
export interface MachineReading {
  readonly atMs: number;
  readonly cpu: CpuTimes | undefined;
  readonly pressureMs: number | undefined;
  readonly tcp: TcpCounts | undefined;
  /** All processes that can be seen, by id; empty if there are too many. */
  readonly processes: ReadonlyMap<number, ProcessTimes>;
  /** Waits of the threads of our own processes in ms, by `process/thread`; empty if the kernel doesn't tell. */
  readonly waits: ReadonlyMap<string, number>;
}

/** @param ownPids whose threads' waits are read */
export function readMachine(atMs: number, ownPids: readonly number[]): MachineReading {
  const parsed = <T>(path: string, parse: (text: string) => T | undefined): T | undefined => {
    const text = readKernelText(path);
    return text === undefined ? undefined : parse(text);
  };
  const pids = numbersIn("/proc");
  const processes = new Map<number, ProcessTimes>();
  for (const pid of pids.length > MOST_PROCESSES ? ownPids : pids) {
    const times = parsed(`/proc/${pid}/stat`, parseProcessTimes);
    if (times !== undefined) processes.set(pid, times);
  }
  const waits = new Map<string, number>();
  for (const pid of ownPids) {
    for (const thread of numbersIn(`/proc/${pid}/task`)) {
      const waitMs = parsed(`/proc/${pid}/task/${thread}/schedstat`, parseWaitMs);
      if (waitMs !== undefined) waits.set(`${pid}/${thread}`, waitMs);
    }
  }
  return {
    atMs,
    cpu: parsed("/proc/stat", parseCpuTimes),
    pressureMs: parsed("/proc/pressure/cpu", parsePressureMs),
    tcp: parseTcpCounts(readKernelText("/proc/net/snmp") ?? "", readKernelText("/proc/net/netstat") ?? ""),
    processes,
    waits,
  };
}

/** Names in a folder that are numbers; none where it can't be read. */
function numbersIn(folder: string): number[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ name }) => /^\d+$/.test(name)).map(({ name }) =>
      Number(name)
    );
  } catch {
    return [];
  }
}
