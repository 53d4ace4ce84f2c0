import { UserError } from "../../base/user_error.ts";
import { formatAddress, formatIpv6 } from "../../os/address.ts";
import { parseServers } from "../../os/server_addresses.ts";
import { type HostList, type ListedCluster, type ListedHost, parseHostList } from "../list/host_list.ts";

export interface MakeOptions {
  readonly event: string | undefined;
  readonly port: number;
  readonly adminPort: number;
}

/**
 * A list out of `CLUSTER@CITY=ADDRESSES` for each cluster, such as `north-1@beijing=10.0.0.1-10.0.0.35`.
 *
 * @throws UserError that lists every problem
 */
export function makeList({ event, port, adminPort }: MakeOptions, texts: readonly string[]): HostList {
  const problems: string[] = [];
  if (event === undefined) problems.push("make: needs --event NAME");
  if (texts.length === 0) problems.push("make: give clusters, such as north-1@beijing=10.0.0.1-10.0.0.35");
  let number = 0;
  const clusters = texts.map((text): ListedCluster => {
    const [, name = "", city = "", addresses = ""] = /^([^=@]+)(?:@([^=]*))?=(.+)$/.exec(text) ?? [];
    const parsed = parseServers(addresses.split(",").map((address) => withPort(address, port)));
    if (name === "") problems.push(`${text}: must be CLUSTER@CITY=ADDRESSES`);
    else if ("problem" in parsed) problems.push(`${name}: ${parsed.problem}`);
    const hosts = "values" in parsed && name !== "" ? parsed.values : [];
    return {
      name,
      city,
      network: "",
      weight: 1,
      state: "up",
      hosts: hosts.map((place, i): ListedHost => {
        const address = "name" in place
          ? place.name
          : place.ipv6 === undefined
          ? formatAddress(place.address)
          : formatIpv6(place.ipv6);
        return {
          name: `${name}-${i + 1}`,
          number: ++number,
          address,
          port: place.port,
          gateway: "",
          admin: `${address.includes(":") ? `[${address}]` : address}:${adminPort}`,
          weight: 1,
          state: "up",
          tickets: { first: 0, count: 0 },
        };
      }),
    };
  });
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  const list = { schemaVersion: 1, event: event!, version: 1, moveS: 30, backS: 300, clusters } as const;
  try {
    return parseHostList(JSON.stringify(list));
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}

function withPort(address: string, port: number): string {
  const isBareIpv6 = address.includes("::") && !address.includes("[");
  if (isBareIpv6) return `[${address}]:${port}`;
  return /:\d+$/.test(address) && !address.endsWith("]") ? address : `${address}:${port}`;
}
