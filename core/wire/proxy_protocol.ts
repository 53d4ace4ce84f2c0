/**
 * The PROXY protocol, version 2: what a proxy says in front of a connection about who is behind it. Specified by HAProxy
 * in `proxy-protocol.txt`.
 */
import { crc32c } from "./crc32c.ts";

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
/** The first bytes of every header: no frame begins so. */
export const PROXY_HEADER_BEGIN = 0x0d0a_0d0a;
/** Signature, version and command, family, and the length of the rest. */
const FIXED_BYTES = 16;
/** Addresses need 36 bytes at most; the rest is for what proxies add. */
const MOST_REST_BYTES = 2_048;
/** The longest header that is taken. */
export const MAX_PROXY_HEADER_BYTES = FIXED_BYTES + MOST_REST_BYTES;

const Command = { local: 0x20, proxy: 0x21 } as const;
const Family = { unspecified: 0x00, tcp4: 0x11, tcp6: 0x21 } as const;
const ADDRESS_BYTES: Readonly<Record<number, number>> = {
  [Family.unspecified]: 0,
  [Family.tcp4]: 12,
  [Family.tcp6]: 36,
};
const CRC32C_TYPE = 0x03;
const TLV_HEADER_BYTES = 3;

/** What {@linkcode readProxyHeader} found when there is no whole header. */
export const PROXY_INCOMPLETE = 0;
export const PROXY_BAD = -1;

/** Who a header names. */
export interface ProxiedPeer {
  /** The client's address as a number, see {@linkcode addressOfIpv6}; 0 if the proxy speaks for itself or doesn't say. */
  address: number;
}

/**
 * Reads the header at the beginning of `bytes[start, end)`.
 *
 * @returns its size, `PROXY_INCOMPLETE` or `PROXY_BAD`
 */
export function readProxyHeader(bytes: Uint8Array, start: number, end: number, into: ProxiedPeer): number {
  const given = end - start;
  for (let i = 0; i < Math.min(given, SIGNATURE.length); i++) {
    if (bytes[start + i] !== SIGNATURE[i]) return PROXY_BAD;
  }
  if (given < FIXED_BYTES) return PROXY_INCOMPLETE;
  const command = bytes[start + 12];
  const family = bytes[start + 13];
  const rest = (bytes[start + 14] << 8) | bytes[start + 15];
  if (command !== Command.local && command !== Command.proxy) return PROXY_BAD;
  const addressBytes = ADDRESS_BYTES[family];
  if (rest > MOST_REST_BYTES) return PROXY_BAD;
  // Whoever speaks for themselves may leave out or fill in what they like.
  const isLocal = command === Command.local;
  if (!isLocal && (addressBytes === undefined || rest < addressBytes)) return PROXY_BAD;
  const size = FIXED_BYTES + rest;
  if (given < size) return PROXY_INCOMPLETE;
  if (!isLocal && !areGoodTlvs(bytes, start, start + FIXED_BYTES + addressBytes, start + size)) {
    return PROXY_BAD;
  }
  into.address = isLocal ? 0 : addressIn(bytes, start + FIXED_BYTES, family);
  return size;
}

/** Whether what follows the addresses is whole, and a checksum in it is right. */
function areGoodTlvs(bytes: Uint8Array, start: number, from: number, end: number): boolean {
  let at = from;
  while (at < end) {
    if (at + TLV_HEADER_BYTES > end) return false;
    const size = (bytes[at + 1] << 8) | bytes[at + 2];
    const valueAt = at + TLV_HEADER_BYTES;
    if (valueAt + size > end) return false;
    if (bytes[at] === CRC32C_TYPE && !isRightChecksum(bytes, start, valueAt, size, end)) return false;
    at = valueAt + size;
  }
  return true;
}

/** The checksum is of the whole header, in which its own bytes are 0. */
function isRightChecksum(bytes: Uint8Array, start: number, at: number, size: number, end: number): boolean {
  if (size !== 4) return false;
  const header = bytes.slice(start, end);
  const said = new DataView(header.buffer).getUint32(at - start);
  header.fill(0, at - start, at - start + size);
  return crc32c(header) === said;
}

function addressIn(bytes: Uint8Array, at: number, family: number): number {
  if (family === Family.tcp4) return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
  return family === Family.tcp6 ? addressOfIpv6(bytes.subarray(at, at + 16)) : 0;
}

/**
 * The number that stands for an IPv6 address, since addresses are IPv4 inside. An IPv4 address that is mapped into IPv6
 * is itself. Any other becomes one of 240.0.0.0/4, which no host has: a hash of its first 64 bits. So networks are told
 * apart, and one that has many addresses counts as one.
 */
export function addressOfIpv6(ipv6: Uint8Array): number {
  const view = new DataView(ipv6.buffer, ipv6.byteOffset, 16);
  const isMapped = view.getUint32(0) === 0 && view.getUint32(4) === 0 && view.getUint32(8) === 0xffff;
  if (isMapped) return view.getUint32(12);
  return (0xf000_0000 | (crc32c(ipv6.subarray(0, 8)) >>> 4)) >>> 0;
}

/** Bytes of a header that {@linkcode writeProxyHeader} writes. */
export const PROXY_HEADER_BYTES = FIXED_BYTES + 12;

/** Where a connection comes from and goes to, IPv4 addresses as numbers. */
export interface ProxiedPath {
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
}

/** Writes the header of a connection over TCP and IPv4. */
export function writeProxyHeader(bytes: Uint8Array, at: number, path: ProxiedPath): number {
  bytes.set(SIGNATURE, at);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint8(at + 12, Command.proxy);
  view.setUint8(at + 13, Family.tcp4);
  view.setUint16(at + 14, 12);
  view.setUint32(at + 16, path.source);
  view.setUint32(at + 20, path.destination);
  view.setUint16(at + 24, path.sourcePort);
  view.setUint16(at + 26, path.destinationPort);
  return PROXY_HEADER_BYTES;
}
