import { formatAddress, formatIpv6, parseAddress, parseIpv6 } from "./address.ts";

/** Most addresses of one list; a longer range is a typing mistake. */
const MAX_ADDRESSES = 65_536;

/** A name with a letter in its last part, so that it is neither an IPv4 address nor a range of them. */
const DNS_NAME = /^(?:[a-z0-9-]+\.)*[a-z0-9-]*[a-z][a-z0-9-]*\.?$/i;

/** A server's address. */
export interface ServerAddress {
  /** IPv4 as a number; 0 with `ipv6`. */
  readonly address: number;
  /** The 16 bytes of an IPv6 address. */
  readonly ipv6?: readonly number[] | undefined;
  readonly port: number;
}

/** A server by a name of the DNS, whose addresses must be asked for. */
export interface NamedServer {
  readonly name: string;
  readonly port: number;
}

/** Where a server is, as it was written. */
export type ServerPlace = ServerAddress | NamedServer;

/** What a list of addresses says, or what is wrong with it. */
export type ParsedList<T> = { readonly values: readonly T[] } | { readonly problem: string };

/**
 * Reads `127.0.0.1:1025`, `10.0.0.1-10.0.0.40:1025`, `[2001:db8::1]:1025`, `gw.example:1025`, several of them with commas
 * between.
 */
export function parseServers(texts: readonly string[]): ParsedList<ServerPlace> {
  const values: ServerPlace[] = [];
  for (const text of items(texts)) {
    const match = /^(.+):(\d{1,5})$/.exec(text);
    const port = Number(match?.[2] ?? 0);
    if (match === null || port < 1 || port > 65_535) {
      return {
        problem: `${text}: the port is missing or wrong. Write an address and a port, as 127.0.0.1:1025`,
      };
    }
    const place = parseHost(match[1], port);
    if (place !== undefined) {
      values.push(place);
      continue;
    }
    const range = parseRange(match[1]);
    if ("problem" in range) return range;
    for (const address of range.values) values.push({ address, port });
  }
  return values.length === 0 ? { problem: "no address. Write one as 127.0.0.1:1025" } : bounded(values);
}

/** An IPv6 address in brackets or alone, or a name that is no IPv4 address; undefined if the text is neither. */
export function parseHost(text: string, port: number): ServerPlace | undefined {
  const ipv6 = parseIpv6(/^\[(.*)\]$/.exec(text)?.[1] ?? text);
  if (ipv6 !== undefined) return { address: 0, ipv6: [...ipv6], port };
  return text !== "localhost" && DNS_NAME.test(text) ? { name: text, port } : undefined;
}

/** The text that {@linkcode parseServers} reads. */
export function formatServer(place: ServerPlace): string {
  if ("name" in place) return `${place.name}:${place.port}`;
  const { address, ipv6, port } = place;
  return ipv6 === undefined ? `${formatAddress(address)}:${port}` : `[${formatIpv6(ipv6)}]:${port}`;
}

/** Reads `10.0.0.5`, `10.0.0.5-10.0.0.9`, several of them with commas between; none is fine. */
export function parseSources(texts: readonly string[]): ParsedList<number> {
  const values: number[] = [];
  for (const text of items(texts)) {
    const range = parseRange(text);
    if ("problem" in range) return range;
    values.push(...range.values);
  }
  return bounded(values);
}

function items(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(",")).map((text) => text.trim()).filter((text) => text !== "");
}

function bounded<T>(values: readonly T[]): ParsedList<T> {
  return values.length <= MAX_ADDRESSES
    ? { values }
    : { problem: `${values.length} addresses; at most ${MAX_ADDRESSES} are possible` };
}

function parseRange(text: string): ParsedList<number> {
  const [from, to, ...more] = text.replaceAll("localhost", "127.0.0.1").split("-");
  const first = parseAddress(from);
  const last = to === undefined ? first : parseAddress(to);
  if (first === undefined || last === undefined || more.length > 0) {
    return {
      problem: `${text}: not an address. Write 10.0.0.1, 10.0.0.1-10.0.0.40, [2001:db8::1] or a name`,
    };
  }
  if (last < first) return { problem: `${text}: the range runs backwards` };
  if (last - first >= MAX_ADDRESSES) return { problem: `${text}: more than ${MAX_ADDRESSES} addresses` };
  return { values: Array.from({ length: last - first + 1 }, (_, i) => first + i) };
}
