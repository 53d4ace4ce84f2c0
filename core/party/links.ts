import { isLoopbackHost } from "../admin/host_name.ts";

/** The addresses of a party's pages. */
export interface Links {
  /** Where guests come in, the code included. */
  readonly join: string;
  /** With the host's secret. */
  readonly wall: string;
  readonly host: string;
}

export function linksOf(base: string, code: string, secret: string): Links {
  const root = base.replace(/\/+$/, "");
  return {
    join: `${root}/#${encodeURIComponent(code)}`,
    wall: `${root}/wall#${encodeURIComponent(secret)}`,
    host: `${root}/host#${encodeURIComponent(secret)}`,
  };
}

/** An address of an interface of this machine. */
export type OwnAddress = Pick<Deno.NetworkInterfaceInfo, "family" | "address" | "name">;

/**
 * The address by which phones find this machine: the one that it listens on, or of all the one that a local network
 * is likely to have; loopback where there is no network.
 */
export function reachableHost(listens: string, addresses: readonly OwnAddress[]): string {
  if (listens !== "0.0.0.0" && listens !== "::") return listens;
  const own = addresses.filter(({ family, address }) =>
    family === "IPv4" && !isLoopbackHost(address) && !address.startsWith("169.254.")
  ).sort((a, b) => rank(a) - rank(b));
  return own[0]?.address ?? "127.0.0.1";
}

/** Every address that phones may use, for a certificate. */
export function ownHosts(addresses: readonly OwnAddress[]): string[] {
  return [
    ...new Set([
      "localhost",
      "127.0.0.1",
      ...addresses.filter(({ family }) => family === "IPv4").map(({ address }) => address),
    ]),
  ];
}

/** Networks of containers and tunnels are on most machines, and no phone is in them. */
function rank({ name, address }: OwnAddress): number {
  if (/^(docker|br-|veth|virbr|vmnet|tun|tap|wg|zt|tailscale|utun)/.test(name)) return 3;
  if (address.startsWith("192.168.")) return 0;
  if (address.startsWith("10.") || /^172\.(1[6-9]|2\d|3[01])\./.test(address)) return 1;
  return 2;
}
