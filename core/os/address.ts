/** IPv4 addresses are numbers inside: 0x7f000001 is 127.0.0.1. */

/** The number of a dotted IPv4 address, or undefined if the text isn't one. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    address = address * 256 + Number(part);
  }
  return address;
}

/** The dotted form of an address. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** An IPv6 address as text, from its 16 bytes. */
export function formatIpv6(bytes: ArrayLike<number>): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] << 8) | bytes[2 * i + 1]).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1); // in its one short form
}

/** Whether an address is this host's own loopback, 127.0.0.0/8. */
export function isLoopback(address: number): boolean {
  return address >>> 24 === 127;
}

/** The 16 bytes of an IPv6 address in text, with or without a part in IPv4's form; undefined if the text isn't one. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const ipv4 = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tail = ipv4 === null ? undefined : parseAddress(ipv4[2]);
  if (ipv4 !== null && tail === undefined) return undefined;
  const plain = ipv4 === null
    ? text
    : `${ipv4[1]}${(tail! >>> 16).toString(16)}:${(tail! & 0xffff).toString(16)}`;
  const halves = plain.split("::");
  if (halves.length > 2) return undefined;
  const [front, back = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - front.length - back.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...front, ...Array<string>(missing).fill("0"), ...back];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >>> 8, parseInt(group, 16) & 0xff]));
}
