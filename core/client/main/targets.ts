import { formatCount } from "../../base/units.ts";
import { UserError } from "../../base/user_error.ts";
import { formatAddress, isLoopback } from "../../os/address.ts";
import type { HostAddress } from "../../hosts/order/dialed_hosts.ts";
import type { DialTarget } from "../../engine/common/engine.ts";

/**
 * Every pair of a source and a server address, to deal the users over in turn.
 *
 * @param perPair most connections of one pair, see `mostConnectionsPerPair`
 * @throws UserError that says how many addresses are lacking, if the pairs are too few for the users
 */
export function pairAddresses(
  servers: readonly HostAddress[],
  sources: readonly number[],
  users: number,
  perPair: number,
): DialTarget[] {
  const sourceList = sources.length === 0 ? [0] : sources; // 0: the kernel chooses
  const needed = Math.ceil(users / perPair);
  const given = servers.length * sourceList.length;
  if (given < needed) throw new UserError(lackOfAddresses(servers, sourceList.length, users, perPair));
  return sourceList.flatMap((source) => servers.map((server) => ({ ...server, source })));
}

function lackOfAddresses(
  servers: readonly HostAddress[],
  sources: number,
  users: number,
  perPair: number,
): string {
  const needed = Math.ceil(users / perPair);
  const serversLacking = Math.ceil(needed / sources) - servers.length;
  const sourcesLacking = Math.ceil(needed / servers.length) - sources;
  const { address, ipv6, port } = servers[0];
  const last = address + Math.ceil(needed / sources) - 1;
  const widen = `--server ${formatAddress(address)}-${formatAddress(last)}:${port}`;
  const remedy = ipv6 === undefined && servers.every((server) => isLoopback(server.address))
    ? `${addresses(serversLacking, "server")} lacking: give ${widen}, with the server on --host 0.0.0.0`
    : `${addresses(sourcesLacking, "source")} lacking: add to this host and give them with --source, ` +
      `or give ${addresses(serversLacking, "server")} more with --server`;
  const pairs = servers.length * sources;
  return `${formatCount(users)} users need ${needed} pairs of source and server address ` +
    `(${formatCount(perPair)} connections each), and ${pairs} ${pairs === 1 ? "is" : "are"} given: ${remedy}`;
}

function addresses(count: number, kind: string): string {
  return `${count} ${kind} address${count === 1 ? "" : "es"}`;
}
