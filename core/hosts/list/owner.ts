import { hostNumberOf } from "../../base/id_space.ts";
import { type HostList, hostsOf } from "./host_list.ts";

/** The number of the host whose packet this is, by the ranges of ids; undefined if no host of the list can have made it. */
export function ownerOf(list: HostList, packetId: number): number | undefined {
  const hosts = hostsOf(list);
  const ticketOf = hosts.find(({ tickets: { first, count } }) =>
    packetId >= first && packetId < first + count
  );
  if (ticketOf !== undefined) return ticketOf.number;
  const number = hostNumberOf(packetId);
  return hosts.some((host) => host.number === number) ? number : undefined;
}
