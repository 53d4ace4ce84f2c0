import { RLIMIT_RTPRIO } from "./posix.ts";
import { readKernelText } from "./kernel_files.ts";
import { readResourceLimit } from "./resource_limit.ts";

/** The bit of CAP_SYS_NICE among a process's capabilities. */
const SYS_NICE = 1n << 23n;

/** Whether this process's threads may have a real-time priority; undefined if nobody tells. */
export function readMayGoFirst(): boolean | undefined {
  const limit = readResourceLimit(RLIMIT_RTPRIO);
  const [, capabilities] = /^CapEff:\s+(\w+)$/m.exec(readKernelText("/proc/self/status") ?? "") ?? [];
  if (limit === undefined || capabilities === undefined) return undefined;
  return limit.soft > 0 || (BigInt(`0x${capabilities}`) & SYS_NICE) !== 0n;
}
