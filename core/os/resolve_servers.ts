import { lookup } from "node:dns/promises";
import { UserError } from "../base/user_error.ts";
import { parseAddress, parseIpv6 } from "./address.ts";
import type { ServerAddress, ServerPlace } from "./server_addresses.ts";

/** Asks for the addresses of a name, as text. */
export type Lookup = (name: string) => Promise<readonly string[]>;

const systemLookup: Lookup = async (name) =>
  (await lookup(name, { all: true })).map(({ address }) => address);

/**
 * The addresses behind what was written: a name may have several.
 *
 * @param place where the names stand, such as `--server`
 * @throws UserError that lists every name that has none
 */
export async function resolveServers(
  place: string,
  servers: readonly ServerPlace[],
  ask: Lookup = systemLookup,
): Promise<ServerAddress[]> {
  const problems: string[] = [];
  const found = await Promise.all(servers.map(async (server): Promise<ServerAddress[]> => {
    if (!("name" in server)) return [server];
    try {
      return (await ask(server.name)).map((text) => addressOf(text, server.port));
    } catch (error) {
      problems.push(`${place} ${server.name}: has no address: ${(error as Error).message}`);
      return [];
    }
  }));
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return found.flat();
}

function addressOf(text: string, port: number): ServerAddress {
  const address = parseAddress(text);
  return address === undefined ? { address: 0, ipv6: [...parseIpv6(text)!], port } : { address, port };
}
