import type { EngineName } from "../../engine/common/engine.ts";
import type { AddressRange } from "../../os/address_ranges.ts";
import type { Priority } from "../../os/foreground.ts";
import type { ConnectionLimits } from "../../set/common/connection_watch.ts";
import type { TokenRules } from "../../token/token_keys.ts";

/** How a host serves its connections: plain values, which are parsed once and go to each of its threads whole. */
export interface HostSettings {
  readonly engine: EngineName;
  readonly workers: number;
  /** Most connections in all, and of one SET. */
  readonly capacity: number;
  readonly seats: number;
  readonly randomSeed: number;
  /** How long a winner waits for the ledger before they are told that it takes too long. */
  readonly verdictMs: number;
  /** See `LoginRules`. */
  readonly allowsVersion0: boolean;
  /** What version 1's tokens are checked with; undefined: they aren't. */
  readonly tokenRules: TokenRules | undefined;
  readonly connectionLimits: ConnectionLimits;
  /** Proxies in front, which say whose a connection is; none: nobody does. */
  readonly proxies: readonly AddressRange[];
  readonly priority: Priority;
}
