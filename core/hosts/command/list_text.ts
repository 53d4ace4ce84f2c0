import { formatCount } from "../../base/units.ts";
import type { HostList, ListedHost } from "../list/host_list.ts";
import { HostOrder, type PlaceState } from "../order/host_order.ts";

/** So many users are asked where they are at home, to say which part each host has. */
const SAMPLE = 20_000;
/** So many hosts of a user's order are shown. */
const SHOWN = 8;

/** One host in a user's order. */
export interface OrderedHost {
  readonly cluster: string;
  readonly host: string;
  readonly address: string;
  readonly state: PlaceState;
}

/** A list for people: each host, and which part of the users is at home there. */
export function listText(list: HostList): string {
  const order = new HostOrder(list.clusters);
  const users = new Uint32Array(order.places.length);
  for (let user = 0; user < SAMPLE; user++) {
    const place = order.place(user, 0);
    if (place >= 0) users[place]++;
  }
  const { event, version, moveS, backS } = list;
  const lines = [
    `${event} version ${version}: users of a lost host move within ${moveS} s, and back after ${backS} s`,
  ];
  let at = 0;
  for (const { name, city, network, state, hosts } of list.clusters) {
    const where = [city, network].filter((text) => text !== "").join(", ");
    lines.push(
      `${name}${where === "" ? "" : ` (${where})`}: ${formatCount(hosts.length)} hosts${stateText(state)}`,
    );
    for (const host of hosts) {
      const percent = (users[at++] / SAMPLE * 100).toFixed(1).padStart(5);
      lines.push(
        `  ${percent} %  ${host.name}  number ${host.number}  ${addressText(host)}${stateText(host.state)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** In which order a user tries hosts. */
export function orderOf(list: HostList, user: number, network: string | undefined): OrderedHost[] {
  const order = new HostOrder(list.clusters, { networks: network === undefined ? [] : [network] });
  const places = Array.from(
    { length: Math.min(SHOWN, order.places.length) },
    (_, step) => order.place(user, step),
  );
  return places.filter((place) => place >= 0).map((place) => {
    const { cluster, host, state } = order.places[place];
    return { cluster: list.clusters[cluster].name, host: host.name, address: addressText(host), state };
  });
}

/** The same for people. */
export function userText({ event, version }: HostList, user: number, hosts: readonly OrderedHost[]): string {
  const rows = hosts.map(({ cluster, host, address, state }, i) =>
    `  ${i + 1}. ${cluster}  ${host}  ${address}${stateText(state)}\n`
  );
  return `user ${user} by ${event} version ${version}:\n${rows.join("")}`;
}

function stateText(state: PlaceState): string {
  return state === "up" ? "" : `  ${state}`;
}

function addressText({ address, port }: ListedHost): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
