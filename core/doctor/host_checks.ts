import { formatCount, formatMicros } from "../base/units.ts";
import type { Finding, Need } from "./finding.ts";
import type { HostFacts } from "./host_facts.ts";

/** CPU time of a shake at one end with everything the kernel does for it, measured with a million connections. */
const SHAKE_US = { uring: 8, epoll: 10, deno: 25, sim: 0 } as const;
/** Share of a core that work may take before waiting grows. */
const CORE_SHARE = 0.8;

/** Whether connections can go without descriptors. */
export function checkUring({ whyNoUring, isRoot }: HostFacts): Finding {
  if (whyNoUring === null) return { name: "io_uring", state: "ok", is: "works", needs: "works" };
  const isDisabled = whyNoUring.includes("io_uring_disabled");
  return {
    name: "io_uring",
    state: "warning",
    is: "can't be used",
    needs: "works",
    why:
      `${whyNoUring}; engine epoll takes a descriptor a connection and about a fifth more CPU time a shake`,
    remedy: [
      ...(isDisabled ? [`sysctl -w kernel.io_uring_disabled=${isRoot ? 1 : 0}`] : []),
      ...(Deno.build.os === "linux"
        ? ["or in a container: a seccomp profile with io_uring, see docs/deploy/"]
        : []),
    ],
  };
}

/** Fleets on several hosts shake on one clock, and a server releases packets by it. */
export function checkClock({ clock }: HostFacts, { roles }: Need): Finding {
  const name = "clock";
  const needs = roles.length === 2 ? "any: one host" : "synchronised";
  if (clock === undefined) return { name, state: "unknown", is: "not told", needs };
  const { isSynchronised, maxErrorUs } = clock;
  const is = isSynchronised ? `right within ${formatMicros(maxErrorUs)}` : "not synchronised";
  if (isSynchronised || roles.length === 2) return { name, state: "ok", is, needs };
  return {
    name,
    state: "warning",
    is,
    needs,
    why: "hosts shake and release packets at different moments",
    remedy: ["timedatectl set-ntp true", "or install chrony: apt-get install chrony"],
  };
}

/** Cores for the shakes that are asked for. */
export function checkCores({ cores }: HostFacts, { roles, engine, shakesPerS }: Need): Finding | undefined {
  if (shakesPerS === 0) return undefined;
  const wanted = Math.max(1, roles.length * shakesPerS * SHAKE_US[engine] / 1e6 / CORE_SHARE);
  const isEnough = cores >= wanted;
  return {
    name: "cores",
    state: isEnough ? "ok" : "warning",
    is: String(cores),
    needs: `${wanted.toFixed(1)} for ${formatCount(shakesPerS)} shakes/s`,
    ...(isEnough ? {} : {
      why: "shakes wait, or are refused as overloaded",
      remedy: [`or fewer: ${formatCount(shakesPerS * cores / wanted)} shakes/s`],
    }),
  };
}

/** Whether threads that hold connections may run before all others, if they are to. */
export function checkPriority({ mayGoFirst }: HostFacts, { priority = "normal" }: Need): Finding {
  const name = "priority";
  const needs = priority;
  if (mayGoFirst === undefined) return { name, state: "unknown", is: "not told", needs };
  if (mayGoFirst) return { name, state: "ok", is: "first allowed (--priority first)", needs };
  const is = "normal only";
  if (priority === "normal") return { name, state: "ok", is, needs };
  return {
    name,
    state: "warning",
    is,
    needs,
    why: "where cores are shared, answers wait some ms for other threads; they needn't while a core is idle",
    remedy: ["ulimit -r 1", "or in a systemd unit: LimitRTPRIO=1"],
  };
}
