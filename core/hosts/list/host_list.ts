import { LAST_TICKET_ID, MOST_HOST_NUMBER } from "../../base/id_space.ts";
import { PLACE_STATES, type PlaceState, type RankedCluster, type RankedHost } from "../order/host_order.ts";

/** A host of an event, as everybody who looks for it knows it. */
export interface ListedHost extends RankedHost {
  /** Whose range its packet ids are of: `redpkt server --host-number`. */
  readonly number: number;
  /** A name of the DNS, an IPv4 or an IPv6 address. */
  readonly address: string;
  readonly port: number;
  /** Where pages connect, such as `wss://gw1.example/`; empty if they can't. */
  readonly gateway: string;
  /** Address and port of its admin API, for those who run it; empty if it isn't told. */
  readonly admin: string;
  /** The ids of its seed file's tickets; `count` 0 for none. */
  readonly tickets: { readonly first: number; readonly count: number };
}

export type ListedCluster = RankedCluster<ListedHost>;

/** Which hosts there are, and how users find theirs. */
export interface HostList {
  readonly schemaVersion: 1;
  readonly event: string;
  /** Grows with every change: an older list counts for nothing. */
  readonly version: number;
  /** Users of a lost host find another one within about so long, spread evenly. */
  readonly moveS: number;
  /** Users who are away from home go back after about so long. */
  readonly backS: number;
  readonly clusters: readonly ListedCluster[];
}

/** Most bytes of a list: 1,000 hosts fit. */
export const MAX_LIST_BYTES = 512 * 1024;
const MOST_CLUSTERS = 200;
const MOST_HOSTS = 2_000;
const NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/;
const DNS_NAME =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\.?$/i;
const IPV6 = /^[0-9a-f:.]*:[0-9a-f:.]*$/i;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a list strictly: every key known, every value in its bounds. It is written by hand and needs nothing, since pages
 * read lists too.
 *
 * @throws Error whose message names every problem, a line each
 */
export function parseHostList(text: string): HostList {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error("is no JSON");
  }
  const problems: string[] = [];
  const list = readList(new Reader(json, "", problems));
  problems.push(...doubles(list));
  if (problems.length > 0) throw new Error(problems.slice(0, 20).join("\n"));
  return list;
}

/** The one form in which a list is signed. */
export function writeHostList(list: HostList): string {
  return JSON.stringify(list);
}

/** All hosts of a list. */
export function hostsOf({ clusters }: HostList): ListedHost[] {
  return clusters.flatMap(({ hosts }) => hosts);
}

function readList(list: Reader): HostList {
  return list.end({
    schemaVersion: list.number("schemaVersion", 1, 1) as 1,
    event: list.name("event"),
    version: list.number("version", 1, Number.MAX_SAFE_INTEGER),
    moveS: list.number("moveS", 1, 3_600, 30),
    backS: list.number("backS", 1, 86_400, 300),
    clusters: list.items("clusters", MOST_CLUSTERS).map((cluster) =>
      cluster.end({
        name: cluster.name("name"),
        city: cluster.text("city", /^.{0,60}$/, "must be a short text", ""),
        network: cluster.text("network", /^.{0,60}$/, "must be a short text", ""),
        weight: cluster.number("weight", 0.001, 1_000_000, 1, false),
        state: cluster.state(),
        hosts: cluster.items("hosts", MOST_HOSTS).map(readHost),
      })
    ),
  });
}

function readHost(host: Reader): ListedHost {
  const tickets = host.object("tickets");
  return host.end({
    name: host.name("name"),
    number: host.number("number", 0, MOST_HOST_NUMBER),
    address: host.address(),
    port: host.number("port", 1, 65_535),
    gateway: host.text(
      "gateway",
      /^(?:wss?:\/\/[^\s]{1,200})?$/,
      "must be a URL such as wss://gw1.example/",
      "",
    ),
    admin: host.text("admin", /^(?:.{1,253}:\d{1,5})?$/, "must be an address and a port", ""),
    weight: host.number("weight", 0.001, 1_000_000, 1, false),
    state: host.state(),
    tickets: tickets.end({
      first: tickets.number("first", 0, LAST_TICKET_ID, 0),
      count: tickets.number("count", 0, LAST_TICKET_ID, 0),
    }),
  });
}

/** What two of a list must not share. */
function doubles({ clusters }: HostList): string[] {
  const hosts = clusters.flatMap((cluster) => cluster.hosts);
  const problems: string[] = [];
  function once(what: string, values: readonly (string | number)[]): void {
    const seen = new Set<string | number>();
    for (const value of values) {
      if (seen.has(value)) problems.push(`${what} ${value}: two have it`);
      seen.add(value);
    }
  }
  if (hosts.length === 0) problems.push("clusters: no host");
  if (hosts.length > MOST_HOSTS) problems.push(`clusters: ${hosts.length} hosts, at most ${MOST_HOSTS}`);
  once("cluster", clusters.map(({ name }) => name));
  once("host", hosts.map(({ name }) => name));
  once("host number", hosts.map(({ number }) => number));
  once("address", hosts.map(({ address, port }) => `${address} ${port}`));
  return problems;
}

/** Reads the members of one object; what isn't read by its end is a mistake. */
class Reader {
  readonly #json: Json;
  readonly #place: string;
  readonly #problems: string[];
  readonly #read = new Set<string>();

  constructor(json: unknown, place: string, problems: string[]) {
    this.#place = place;
    this.#problems = problems;
    const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
    this.#json = isObject ? json as Json : {};
    if (!isObject) this.#fault("", "must be an object");
  }

  end<T>(value: T): T {
    for (const key of Object.keys(this.#json)) {
      if (!this.#read.has(key)) this.#fault(key, "no such key");
    }
    return value;
  }

  number(key: string, least: number, most: number, absent?: number, isWhole = true): number {
    const value = this.#take(key, absent);
    const isNumber = typeof value === "number" && value >= least && value <= most;
    if (isNumber && (!isWhole || Number.isInteger(value))) return value;
    this.#fault(key, `must be a ${isWhole ? "whole " : ""}number from ${least} to ${most}`);
    return least;
  }

  text(key: string, form: RegExp, message: string, absent?: string): string {
    const value = this.#take(key, absent);
    if (typeof value === "string" && form.test(value)) return value;
    this.#fault(key, message);
    return "";
  }

  name(key: string): string {
    return this.text(key, NAME, "must be a short name in small letters, such as north-1");
  }

  address(): string {
    const value = this.text("address", /^[^\s]{1,253}$/, "must be a name or an address");
    if (value !== "" && !DNS_NAME.test(value) && !IPV6.test(value)) {
      this.#fault("address", "must be a name of the DNS, an IPv4 or an IPv6 address");
    }
    return value;
  }

  state(): PlaceState {
    const value = this.#take("state", "up");
    const state = PLACE_STATES.find((known) => known === value);
    if (state === undefined) this.#fault("state", `must be one of ${PLACE_STATES.join(", ")}`);
    return state ?? "out";
  }

  items(key: string, most: number): Reader[] {
    const value = this.#take(key);
    if (Array.isArray(value) && value.length <= most) {
      return value.map((item, i) => new Reader(item, this.#path(`${key}.${i}`), this.#problems));
    }
    this.#fault(key, `must be a list of at most ${most}`);
    return [];
  }

  object(key: string): Reader {
    return new Reader(this.#take(key, {}), this.#path(key), this.#problems);
  }

  #take(key: string, absent?: unknown): unknown {
    this.#read.add(key);
    return Object.hasOwn(this.#json, key) ? this.#json[key] : absent;
  }

  #path(key: string): string {
    return [this.#place, key].filter((part) => part !== "").join(".");
  }

  #fault(key: string, message: string): void {
    this.#problems.push(`${this.#path(key) || "the list"}: ${message}`);
  }
}
