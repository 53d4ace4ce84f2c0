import { formatCount } from "../base/units.ts";
import { connectionsPerPair, DEFAULT_PORT_RANGE, type PortRange } from "../os/port_range.ts";
import type { Finding, Need } from "./finding.ts";
import type { HostFacts } from "./host_facts.ts";

const WIDEST: PortRange = { first: 1_024, last: 65_535 };
/** Connects that come in 100 ms at 40,000 a second: so long may a server look away. */
const USUAL_BACKLOG = 4_096;
/** One user of so many who knocks at the same moment, when a server is back and everybody redials. */
const USERS_PER_KNOCK = 10;
/** More than that a server doesn't ask for. */
const MOST_BACKLOG = 65_535;
/** Sockets a bucket beyond which finding a connection is a marked part of a shake: 20 % of the kernel's time at 4. */
const SOCKETS_PER_BUCKET = 2;
/** Buckets that a network namespace may have at most. */
const MOST_BUCKETS = 1 << 24;

/** Ports of the fleet: how many connections a pair of addresses takes fast, and how many pairs that makes. */
export function checkPorts(facts: HostFacts, need: Need): Finding | undefined {
  if (!need.roles.includes("client")) return undefined;
  const range = facts.portRange ?? DEFAULT_PORT_RANGE;
  const perPair = connectionsPerPair(range);
  const pairs = pairsFor(need.users, range);
  const onLoopback = need.roles.includes("server");
  // A fleet that shares the host with its server has all of 127.0.0.0/8.
  const has = need.pairs ?? (onLoopback ? pairs : Math.max(1, facts.addresses));
  const is = `${range.first}-${range.last}: ${formatCount(perPair)} a pair of addresses, ${
    countOf(has, "pair")
  }`;
  const needs = countOf(pairs, "pair");
  if (has >= pairs) return { name: "ports", state: "ok", is, needs };
  const fewest = pairsFor(need.users, WIDEST);
  return {
    name: "ports",
    state: "warning",
    is,
    needs,
    why: "beyond, a connect looks through all ports in vain: about 1,000 a second, then 50",
    remedy: [
      ...(fewest < pairs ? ['sysctl -w net.ipv4.ip_local_port_range="1024 65535"'] : []),
      ...(fewest > has
        ? [
          `or ${
            countOf(fewest - has, "more address", "more addresses")
          }: ip address add 10.0.0.2/24 dev eth0, then --source, or more with --server`,
        ]
        : []),
    ],
  };
}

function pairsFor(users: number, range: PortRange): number {
  return Math.ceil(users / connectionsPerPair(range));
}

function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** The server's port must not be one that the kernel gives to a dialing socket of this host. */
export function checkReservedPort(facts: HostFacts, { roles, port }: Need): Finding | undefined {
  const { portRange, reservedPorts } = facts;
  if (!roles.includes("server") || port === 0 || portRange === undefined) return undefined;
  const isGiven = port >= portRange.first && port <= portRange.last && !isReserved(port, reservedPorts ?? "");
  const list = [reservedPorts, String(port)].filter((text) => text !== undefined && text !== "").join(",");
  return {
    name: "server port",
    state: isGiven ? "warning" : "ok",
    is: `${port}, given to others: ${isGiven ? "yes" : "no"}`,
    needs: "not given to others",
    ...(isGiven
      ? {
        why: "a socket that dials from this host may hold the port while the server is down",
        remedy: [`sysctl -w net.ipv4.ip_local_reserved_ports=${list}`],
      }
      : {}),
  };
}

function isReserved(port: number, list: string): boolean {
  return list.split(",").filter((text) => text !== "").some((text) => {
    const [first, last = first] = text.split("-").map(Number);
    return port >= first && port <= last;
  });
}

/** Peers that the kernel lets wait for an accept. */
export function checkBacklog({ backlog }: HostFacts, { roles, users }: Need): Finding | undefined {
  if (!roles.includes("server")) return undefined;
  const usual = Math.min(USUAL_BACKLOG, users);
  const wanted = Math.min(MOST_BACKLOG, Math.max(usual, Math.ceil(users / USERS_PER_KNOCK)));
  const name = "backlog";
  const needs = formatCount(wanted);
  if (backlog === undefined) return { name, state: "unknown", is: "not told", needs };
  const is = formatCount(backlog);
  if (backlog >= wanted) return { name, state: "ok", is, needs };
  const remedy = [`sysctl -w net.core.somaxconn=${wanted}`];
  return {
    name,
    state: "warning",
    is,
    needs,
    why: "when many connect at once, some are forgotten and wait a second to try again",
    remedy,
  };
}

/** The kernel's table of established connections, which every packet is looked up in. */
export function checkConnectionTable({ connectionBuckets }: HostFacts, { users, roles }: Need): Finding {
  const name = "connection table";
  const sockets = users * roles.length;
  const wanted = Math.min(MOST_BUCKETS, 2 ** Math.ceil(Math.log2(Math.max(2, sockets / SOCKETS_PER_BUCKET))));
  const needs = `${formatCount(wanted)} buckets`;
  if (connectionBuckets === undefined) return { name, state: "unknown", is: "not told", needs };
  const is = `${formatCount(connectionBuckets)} buckets`;
  if (connectionBuckets >= wanted) return { name, state: "ok", is, needs };
  const ample = Math.min(MOST_BUCKETS, 4 * wanted);
  return {
    name,
    state: "warning",
    is,
    needs,
    why: `${(sockets / connectionBuckets).toFixed(1)} sockets a bucket: up to a third fewer shakes a second`,
    remedy: [
      `thash_entries=${ample} on the kernel's command line, and a restart`,
      `or for one network namespace: sysctl -w net.ipv4.tcp_child_ehash_entries=${ample}, then start in a new one (unshare -n)`,
    ],
  };
}

/** A firewall that remembers connections drops what its table can't hold. */
export function checkTracking({ tracked }: HostFacts, { users, roles }: Need): Finding | undefined {
  // Nothing remembered: the table is there, and nothing uses it.
  if (tracked === undefined || tracked.now === 0) return undefined;
  const onLoopback = roles.length === 2; // both ends are one entry
  const wanted = users + tracked.now;
  const isEnough = tracked.most >= wanted;
  return {
    name: "firewall's table",
    state: isEnough ? "ok" : "warning",
    is: `${formatCount(tracked.most)}, ${formatCount(tracked.now)} used`,
    needs: formatCount(wanted),
    ...(isEnough ? {} : {
      why: `connections beyond are dropped in silence${
        onLoopback ? ", unless loopback isn't remembered" : ""
      }`,
      remedy: [`sysctl -w net.netfilter.nf_conntrack_max=${wanted}`],
    }),
  };
}
