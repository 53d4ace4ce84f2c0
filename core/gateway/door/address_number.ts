import { parseAddress, parseIpv6 } from "../../os/address.ts";
import { addressOfIpv6 } from "../../wire/proxy_protocol.ts";

/** An address in text as a number, 0 for none: of IPv4 itself, of IPv6 the number of its network. */
export function addressNumber(text: string): number {
  const ipv6 = text.includes(":") ? parseIpv6(text.split("%")[0]) : undefined;
  return ipv6 === undefined ? parseAddress(text) ?? 0 : addressOfIpv6(ipv6);
}
