import { formatCount } from "../base/units.ts";
import type { Finding, Need } from "./finding.ts";
import type { HostFacts } from "./host_facts.ts";

/** Descriptors that a process needs besides its connections. */
const SPARE_DESCRIPTORS = 200;
/** Descriptors that other programs of the host may want meanwhile. */
const SPARE_FILES = 10_000;
/** Rings beyond which the kernel pays markedly more a shake: half as much again at 54. */
const FEW_RINGS = 8;

/** Kernel memory of one end of a connection, measured at 2,000,000: socket, inode, file, armed receive. */
const KERNEL_BYTES = 3_500;
/** Resident memory of a process, of itself and a connection. */
const PROCESS_BYTES = 120e6;
const CONNECTION_BYTES = 400;

/** Descriptors of one process: its connections, or with io_uring only the tables that hold them. */
export function checkDescriptors({ descriptors, descriptorsMost }: HostFacts, need: Need): Finding {
  const name = "descriptors";
  const wanted = need.users + SPARE_DESCRIPTORS;
  if (descriptors === undefined) {
    return { name, state: "unknown", is: "not told", needs: formatCount(wanted) };
  }
  const { soft, hard } = descriptors;
  const is = hard === soft ? limit(hard) : `${limit(soft)}, may be ${limit(hard)}`;
  const raise = [
    ...(wanted > (descriptorsMost ?? Infinity) ? [`sysctl -w fs.nr_open=${wanted}`] : []),
    `ulimit -n ${wanted}`,
    `or in a systemd unit: LimitNOFILE=${wanted}`,
  ];
  if (need.engine !== "uring") {
    if (hard >= wanted) return { name, state: "ok", is, needs: formatCount(wanted) };
    return {
      name,
      state: "impossible",
      is,
      needs: formatCount(wanted),
      why: `a connection needs a descriptor on engine ${need.engine}; with uring it would need none`,
      remedy: raise,
    };
  }
  const rings = Math.ceil(need.users / hard);
  const needs = `${formatCount(SPARE_DESCRIPTORS)}, better ${formatCount(wanted)}`;
  if (rings <= FEW_RINGS) return { name, state: "ok", is, needs };
  return {
    name,
    state: "warning",
    is,
    needs,
    why:
      `a ring holds no more connections than this, so ${rings} rings: up to half as much again of kernel time`,
    remedy: raise,
  };
}

function limit(descriptors: number): string {
  return descriptors === Infinity ? "no limit" : formatCount(descriptors);
}

/** Files of the whole host; direct descriptors count too. */
export function checkFiles({ files, isRoot }: HostFacts, { users, roles }: Need): Finding {
  const name = "fs.file-max";
  const wanted = users * roles.length + (files?.open ?? 0) + SPARE_FILES;
  const needs = formatCount(wanted);
  if (files === undefined) return { name, state: "unknown", is: "not told", needs };
  const is = `${formatCount(files.most)}, ${formatCount(files.open)} open`;
  if (files.most >= wanted) return { name, state: "ok", is, needs };
  const remedy = [`sysctl -w fs.file-max=${wanted}`];
  return isRoot
    ? { name, state: "warning", is, needs, why: "root goes beyond; every other program gets no file", remedy }
    : { name, state: "impossible", is, needs, why: "accepts fail with ENFILE", remedy };
}

/** What epolls of one user may watch. */
export function checkEpollWatches({ epollWatches }: HostFacts, need: Need): Finding | undefined {
  if (need.engine !== "epoll" || epollWatches === undefined) return undefined;
  const wanted = need.users * need.roles.length + SPARE_DESCRIPTORS;
  const isEnough = epollWatches >= wanted;
  return {
    name: "epoll watches",
    state: isEnough ? "ok" : "impossible",
    is: formatCount(epollWatches),
    needs: formatCount(wanted),
    ...(isEnough ? {} : {
      why: "connections beyond are refused with ENOSPC",
      remedy: [`sysctl -w fs.epoll.max_user_watches=${wanted}`],
    }),
  };
}

/** Memory of the kernel and the processes. */
export function checkMemory({ memory }: HostFacts, { users, roles }: Need): Finding {
  const name = "memory";
  const bytes = roles.length * (users * (KERNEL_BYTES + CONNECTION_BYTES) + PROCESS_BYTES);
  const needs = `${gigabytes(bytes)} available`;
  if (memory === undefined) return { name, state: "unknown", is: "not told", needs };
  const is = `${gigabytes(memory.availableBytes)} of ${gigabytes(memory.totalBytes)}`;
  if (bytes <= memory.availableBytes) return { name, state: "ok", is, needs };
  const most = Math.max(
    1,
    Math.floor((memory.totalBytes / roles.length - PROCESS_BYTES) / (KERNEL_BYTES + CONNECTION_BYTES)),
  );
  const remedy = [`or fewer users: at most ${formatCount(most)}`];
  return bytes <= memory.totalBytes
    ? { name, state: "warning", is, needs, why: "what other programs hold must go first", remedy }
    : { name, state: "impossible", is, needs, why: "the kernel ends the process", remedy };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
