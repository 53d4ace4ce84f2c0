import { UserError } from "../cli/user_error.ts";
import type { Log } from "../cli/log.ts";
import { DenoEngine } from "./deno.ts";
import type { Engine, EngineName, EngineOptions } from "./engine.ts";
import { EpollEngine } from "./epoll.ts";
import { libc, RLIMIT_NOFILE, whyNoLibc } from "./posix.ts";

/** Engines that can be asked for on a command line. */
export const ENGINE_CHOICES = ["auto", "epoll", "deno"] as const;
export type EngineChoice = typeof ENGINE_CHOICES[number];

/** Descriptors that a process needs besides its connections. */
const SPARE_DESCRIPTORS = 200;
/** What we assume where the limit can't be asked for. */
const ASSUMED_DESCRIPTORS = 10_240;

/**
 * The engine that this host can run.
 *
 * @throws UserError if one was asked for by name and can't run
 */
export function chooseEngine(wanted: EngineChoice, log: Log): EngineName {
  if (wanted === "deno") return "deno";
  const why = whyNoLibc();
  if (why === null) {
    log("info", "engine", { engine: "epoll" });
    return "epoll";
  }
  if (wanted === "epoll") {
    throw new UserError(`--engine epoll can't run here: ${why}. Use --engine auto, which falls back to deno`);
  }
  log("warn", "engine", { engine: "deno", reason: `epoll can't run here: ${why}` });
  return "deno";
}

/** Makes an engine of the kind that was chosen. */
export function openEngine(name: EngineName, options: EngineOptions): Engine {
  switch (name) {
    case "epoll":
      return new EpollEngine(options);
    case "deno":
      return new DenoEngine(options);
    default:
      throw new UserError(`Engine ${name} is not for real sockets. Use --engine auto`);
  }
}

/** How many connections the process's descriptors allow, after raising the soft limit to the hard one. */
export function connectionLimit(): number {
  return Math.max(1, descriptorLimit() - SPARE_DESCRIPTORS);
}

function descriptorLimit(): number {
  if (whyNoLibc() !== null) return ASSUMED_DESCRIPTORS;
  const limits = new BigUint64Array(2); // struct rlimit: soft, hard
  const bytes = new Uint8Array(limits.buffer);
  if (libc().getrlimit(RLIMIT_NOFILE, bytes) !== 0) return ASSUMED_DESCRIPTORS;
  if (limits[0] < limits[1]) {
    const soft = limits[0];
    limits[0] = limits[1];
    if (libc().setrlimit(RLIMIT_NOFILE, bytes) !== 0) limits[0] = soft;
  }
  const most = 0x7fff_ffffn;
  return Number(limits[0] < most ? limits[0] : most);
}
