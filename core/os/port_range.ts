/** The ports that the kernel gives to dialing sockets, and how many of them are cheap. */

/** First and last port, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** What Linux has unless somebody changed it. */
export const DEFAULT_PORT_RANGE: PortRange = { first: 32_768, last: 60_999 };

const RANGE_FILE = "/proc/sys/net/ipv4/ip_local_port_range";
/** Share of the ports that is planned with: the last of them are looked for long. */
const PLANNED_SHARE = 0.93;
/** Where a connect takes a fiftieth of a second; more of a pair are not worth waiting for. */
const ENDLESS_CONNECTIONS = 30_000;

/**
 * Most connections that come fast between one source and one target address. The kernel tries the ports of one parity
 * first; once those are taken, each connect looks at all of them in vain. With Linux's own range that makes 1,200
 * connects a second out of 30,000; with the widest, 50.
 */
export function connectionsPerPair({ first, last }: PortRange): number {
  return Math.max(1, Math.floor((last - first + 1) / 2 * PLANNED_SHARE));
}

/** Most connections of a pair at all, in a time that anyone waits. */
export function mostConnectionsPerPair({ first, last }: PortRange): number {
  return Math.max(1, Math.min(ENDLESS_CONNECTIONS, Math.floor((last - first + 1) * PLANNED_SHARE)));
}

/** The range in force, or Linux's own where it can't be read. */
export function readPortRange(): PortRange {
  try {
    // Asked first: without the permission the read would stop and ask whoever sits at the terminal.
    if (Deno.permissions.querySync({ name: "read", path: RANGE_FILE }).state !== "granted") {
      return DEFAULT_PORT_RANGE;
    }
    return parsePortRange(Deno.readTextFileSync(RANGE_FILE)) ?? DEFAULT_PORT_RANGE;
  } catch {
    return DEFAULT_PORT_RANGE; // not Linux
  }
}

/** Reads `32768<tab>60999`. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(\d+)\s+(\d+)\s*$/.exec(text);
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  return first >= 1 && last <= 65_535 && first <= last ? { first, last } : undefined;
}
