import type { EngineName } from "../engine/common/engine.ts";
import type { Priority } from "../os/foreground.ts";

export type Role = "server" | "client";

/** What a host is asked to carry. */
export interface Need {
  /** Connections of each role, in one process a role. */
  readonly users: number;
  /** What runs on this host: a server, a fleet, or both against each other. */
  readonly roles: readonly Role[];
  readonly engine: EngineName;
  /** The server's port. */
  readonly port: number;
  /** Shakes a second of all users; 0 for nothing that is known. */
  readonly shakesPerS: number;
  /** Pairs of source and target address that the fleet has; undefined where nobody has chosen yet. */
  readonly pairs?: number;
  /** What `--priority` is to be; `normal` if it isn't said. */
  readonly priority?: Priority;
}

/**
 * - `ok`: enough.
 * - `warning`: works, but worse than it could.
 * - `impossible`: can't work.
 * - `unknown`: this host doesn't tell.
 */
export type FindingState = "ok" | "warning" | "impossible" | "unknown";

/** One thing of a host, against what is needed. */
export interface Finding {
  readonly name: string;
  readonly state: FindingState;
  readonly is: string;
  readonly needs: string;
  /** What happens if nothing is changed. */
  readonly why?: string;
  /** Commands or settings that change it, in order; each stands for itself if it begins with `or `. */
  readonly remedy?: readonly string[];
}
