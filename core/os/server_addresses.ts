import { parseAddress } from "./address.ts";

/** Most addresses of one list; a longer range is a typing mistake. */
const MAX_ADDRESSES = 65_536;

/** A server's address. */
export interface ServerAddress {
  readonly address: number;
  readonly port: number;
}

/** What a list of addresses says, or what is wrong with it. */
export type ParsedList<T> = { readonly values: readonly T[] } | { readonly problem: string };

/** Reads `127.0.0.1:1025`, `10.0.0.1-10.0.0.40:1025`, `localhost:1025`, several of them with commas between. */
export function parseServers(texts: readonly string[]): ParsedList<ServerAddress> {
  const values: ServerAddress[] = [];
  for (const text of items(texts)) {
    const match = /^(.+):(\d{1,5})$/.exec(text);
    const port = Number(match?.[2] ?? 0);
    if (match === null || port < 1 || port > 65_535) {
      return {
        problem: `${text}: the port is missing or wrong. Write an address and a port, as 127.0.0.1:1025`,
      };
    }
    const range = parseRange(match[1]);
    if ("problem" in range) return range;
    for (const address of range.values) values.push({ address, port });
  }
  return values.length === 0 ? { problem: "no address. Write one as 127.0.0.1:1025" } : bounded(values);
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
      problem: `${text}: not an IPv4 address. Write numbers, as 10.0.0.1 or 10.0.0.1-10.0.0.40; ` +
        "names aren't looked up, except localhost",
    };
  }
  if (last < first) return { problem: `${text}: the range runs backwards` };
  if (last - first >= MAX_ADDRESSES) return { problem: `${text}: more than ${MAX_ADDRESSES} addresses` };
  return { values: Array.from({ length: last - first + 1 }, (_, i) => first + i) };
}
