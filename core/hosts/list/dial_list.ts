import { UserError } from "../../base/user_error.ts";
import { type Lookup, resolveServers } from "../../os/resolve_servers.ts";
import { parseHost, parseServers, type ServerPlace } from "../../os/server_addresses.ts";
import type { DialedHosts } from "../order/dialed_hosts.ts";
import type { HostList } from "./host_list.ts";

/**
 * A list for those who dial: names are looked up.
 *
 * @param networks which of the list's networks come first
 * @throws UserError that names every host without an address
 */
export async function dialedHosts(
  list: HostList,
  networks: readonly string[],
  ask?: Lookup,
): Promise<DialedHosts> {
  const problems: string[] = [];
  const clusters = await Promise.all(list.clusters.map(async ({ hosts, ...cluster }) => ({
    ...cluster,
    hosts: await Promise.all(hosts.map(async ({ name, weight, state, address, port }) => {
      try {
        return {
          name,
          weight,
          state,
          targets: await resolveServers(`host ${name}:`, [placeOf(address, port)], ask),
        };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        // Nobody goes where a host that is out is, so it may have lost its name.
        if (state !== "out") problems.push(error.message);
        return { name, weight, state: "out" as const, targets: [] };
      }
    })),
  })));
  if (clusters.every(({ state, hosts }) => state === "out" || hosts.every((host) => host.state === "out"))) {
    problems.push("every host of the list is out: none takes users");
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  const { version, moveS, backS } = list;
  return { version, moveMs: moveS * 1000, backMs: backS * 1000, networks, clusters };
}

function placeOf(address: string, port: number): ServerPlace {
  const place = parseHost(address, port);
  if (place !== undefined) return place;
  const parsed = parseServers([`${address}:${port}`]);
  if ("values" in parsed) return parsed.values[0];
  throw new UserError(parsed.problem);
}
