import type { RankedCluster, RankedHost } from "./host_order.ts";

/** An address to dial. */
export interface HostAddress {
  /** IPv4 as a number; 0 with `ipv6`. */
  readonly address: number;
  readonly ipv6?: readonly number[] | undefined;
  readonly port: number;
}

/** A host of a list, with the addresses that were found for it. */
export interface DialedHost extends RankedHost {
  /** At least one. */
  readonly targets: readonly HostAddress[];
}

/** A host list as threads have it that dial: plain values. */
export interface DialedHosts {
  readonly version: number;
  readonly moveMs: number;
  readonly backMs: number;
  /** The networks that those who dial are in, the best one first. */
  readonly networks: readonly string[];
  readonly clusters: readonly RankedCluster<DialedHost>[];
}
