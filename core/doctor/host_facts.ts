import { parsePortRange, type PortRange } from "../os/port_range.ts";
import { RLIMIT_NOFILE } from "../os/posix.ts";
import { whyNoUring } from "../engine/uring/ring/support.ts";
import { readKernelNumbers, readKernelText } from "../os/kernel_files.ts";
import { type ClockState, readClockState } from "../os/clock_state.ts";
import { readMayGoFirst } from "../os/real_time.ts";
import { readResourceLimit, type ResourceLimit } from "../os/resource_limit.ts";

/** What a host is. Undefined is what it doesn't tell: not Linux, an older kernel, or no permission. */
export interface HostFacts {
  readonly isRoot: boolean;
  readonly cores: number;
  /** Of one process. */
  readonly descriptors?: ResourceLimit | undefined;
  /** Most that a descriptor limit may be raised to. */
  readonly descriptorsMost?: number | undefined;
  /** Files open on the whole host, and the most there may be. */
  readonly files?: { readonly open: number; readonly most: number } | undefined;
  /** Most descriptors that one user's epolls may watch. */
  readonly epollWatches?: number | undefined;
  readonly portRange?: PortRange | undefined;
  /** Ports that the kernel gives to nobody who dials, as `1025,9000-9100`. */
  readonly reservedPorts?: string | undefined;
  /** IPv4 addresses of this host that others can reach. */
  readonly addresses: number;
  readonly backlog?: number | undefined;
  readonly memory?: { readonly totalBytes: number; readonly availableBytes: number } | undefined;
  /** Buckets of the kernel's table of established connections. */
  readonly connectionBuckets?: number | undefined;
  /** The firewall's table of connections, if it is in use. */
  readonly tracked?: { readonly now: number; readonly most: number } | undefined;
  /** Why io_uring can't be used, or null if it can. */
  readonly whyNoUring: string | null;
  readonly clock?: ClockState | undefined;
  /** Whether threads may have a real-time priority. */
  readonly mayGoFirst?: boolean | undefined;
}

/** Reads all of it; changes nothing and never prompts. */
export function readHostFacts(): HostFacts {
  const [open, , most] = readKernelNumbers("/proc/sys/fs/file-nr") ?? [];
  const [trackedNow] = readKernelNumbers("/proc/sys/net/netfilter/nf_conntrack_count") ?? [];
  const [trackedMost] = readKernelNumbers("/proc/sys/net/netfilter/nf_conntrack_max") ?? [];
  // Negative in a network namespace that shares the table of the host.
  const buckets = readKernelNumbers("/proc/sys/net/ipv4/tcp_ehash_entries")?.[0];
  return {
    isRoot: isRoot(),
    cores: navigator.hardwareConcurrency,
    descriptors: readResourceLimit(RLIMIT_NOFILE),
    descriptorsMost: readKernelNumbers("/proc/sys/fs/nr_open")?.[0],
    files: most === undefined ? undefined : { open, most },
    epollWatches: readKernelNumbers("/proc/sys/fs/epoll/max_user_watches")?.[0],
    portRange: parsePortRange(readKernelText("/proc/sys/net/ipv4/ip_local_port_range") ?? ""),
    reservedPorts: readKernelText("/proc/sys/net/ipv4/ip_local_reserved_ports")?.trim(),
    addresses: reachableAddresses(),
    backlog: readKernelNumbers("/proc/sys/net/core/somaxconn")?.[0],
    memory: readMemory(),
    connectionBuckets: buckets === undefined ? undefined : Math.abs(buckets),
    tracked: trackedMost === undefined ? undefined : { now: trackedNow ?? 0, most: trackedMost },
    whyNoUring: whyNoUring(),
    clock: readClockState(),
    mayGoFirst: readMayGoFirst(),
  };
}

/** Reads the lines `name: N kB` of `/proc/meminfo`, in bytes. */
export function parseMemory(text: string): Record<string, number> {
  const lines = text.matchAll(/^(\w+):\s+(\d+) kB$/gm);
  return Object.fromEntries(Array.from(lines, ([, name, kilobytes]) => [name, Number(kilobytes) * 1024]));
}

function readMemory(): HostFacts["memory"] {
  const { MemTotal, MemAvailable } = parseMemory(readKernelText("/proc/meminfo") ?? "");
  if (MemTotal === undefined || MemAvailable === undefined) return undefined;
  // A container may have less than its host.
  const limit = readKernelNumbers("/sys/fs/cgroup/memory.max")?.[0] ?? Infinity;
  const used = readKernelNumbers("/sys/fs/cgroup/memory.current")?.[0] ?? 0;
  return { totalBytes: Math.min(MemTotal, limit), availableBytes: Math.min(MemAvailable, limit - used) };
}

function isRoot(): boolean {
  try {
    return Deno.uid() === 0;
  } catch {
    return false;
  }
}

function reachableAddresses(): number {
  try {
    return Deno.networkInterfaces()
      .filter(({ family, address }) => family === "IPv4" && !address.startsWith("127.")).length;
  } catch {
    return 0;
  }
}
