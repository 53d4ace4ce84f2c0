import { UserError } from "../base/user_error.ts";
import type { Log } from "../cli/log.ts";
import { descriptorLimit } from "../os/descriptors.ts";
import { DenoEngine } from "./deno/deno.ts";
import type { Engine, EngineName, EngineOptions } from "./common/engine.ts";
import { EpollEngine } from "./epoll/epoll.ts";
import { whyNoLibc } from "../os/posix.ts";
import { UringEngine } from "./uring/uring.ts";
import { MAX_CONNECTIONS } from "./uring/ring/user_data.ts";
import { whyNoUring } from "./uring/ring/support.ts";

/** Engines that can be asked for on a command line. */
export const ENGINE_CHOICES = ["auto", "uring", "epoll", "deno"] as const;
export type EngineChoice = typeof ENGINE_CHOICES[number];

/** From the best to the one that runs everywhere, each with why it can't run here, or null. */
const CANDIDATES = [
  { name: "uring", whyNot: whyNoUring },
  { name: "epoll", whyNot: whyNoLibc },
  { name: "deno", whyNot: () => null },
] as const;

/** Descriptors that a process needs besides its connections. */
const SPARE_DESCRIPTORS = 200;
/** What a connection may cost: the kernel takes 3.4 KB for each of its sockets, which is to be at most half of all. */
const BYTES_PER_CONNECTION = 8 * 1024;
/** What we assume where the memory can't be asked for. */
const ASSUMED_MEMORY_BYTES = 2 ** 30;
/** Connections of a host that was not told how many. */
const DEFAULT_CONNECTIONS = 1_000_000;

/**
 * The engine that this host can run, logged with the reason why it is not a better one.
 *
 * @throws UserError if one was asked for by name and can't run
 */
export function chooseEngine(
  wanted: EngineChoice,
  log: Log,
  candidates: readonly { readonly name: EngineName; whyNot(): string | null }[] = CANDIDATES,
): EngineName {
  const reasons: string[] = [];
  for (const { name, whyNot } of candidates) {
    if (wanted !== "auto" && wanted !== name) continue;
    const why = whyNot();
    if (why === null) {
      if (reasons.length === 0) log("info", "engine", { engine: name });
      else log("warn", "engine", { engine: name, reason: reasons.join("; ") });
      return name;
    }
    reasons.push(`${name} can't run here: ${why}`);
  }
  throw new UserError(`--engine ${reasons.join("; ")}. Use --engine auto, which takes the best that works`);
}

/** Makes an engine of the kind that was chosen. */
export function openEngine(name: EngineName, options: EngineOptions): Engine {
  switch (name) {
    case "uring":
      return new UringEngine(options);
    case "epoll":
      return new EpollEngine(options);
    case "deno":
      return new DenoEngine(options);
    default:
      throw new UserError(`Engine ${name} is not for real sockets. Use --engine auto`);
  }
}

/**
 * The most connections that this host allows an engine: one a descriptor, after raising the soft limit to the hard one;
 * with `uring`, whose connections need none, as many as there is memory for.
 */
export function connectionLimit(engine: EngineName): number {
  const limit = descriptorLimit();
  const spare = Math.max(1, limit - SPARE_DESCRIPTORS);
  if (engine !== "uring") return spare;
  // Each ring takes one descriptor and has a table as large as the limit.
  return Math.min(
    MAX_CONNECTIONS,
    spare * limit,
    Math.floor(memoryBytes() / BYTES_PER_CONNECTION),
    fileLimit(),
  );
}

/** How many connections a server takes that was not told how many. */
export function defaultConnections(engine: EngineName): number {
  return Math.min(DEFAULT_CONNECTIONS, connectionLimit(engine));
}

function memoryBytes(): number {
  const isAllowed = Deno.permissions.querySync({ name: "sys", kind: "systemMemoryInfo" }).state === "granted";
  return isAllowed ? Deno.systemMemoryInfo().total : ASSUMED_MEMORY_BYTES;
}

/** Open files of the whole host: direct descriptors count there, but root may exceed it. */
function fileLimit(): number {
  try {
    if (Deno.uid() === 0) return Infinity;
    return Math.max(1, Number(Deno.readTextFileSync("/proc/sys/fs/file-max")) - SPARE_DESCRIPTORS);
  } catch {
    return Infinity; // not allowed to look: the kernel will say so
  }
}
