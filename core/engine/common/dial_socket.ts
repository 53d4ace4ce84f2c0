import type { DialTarget } from "./engine.ts";
import * as posix from "../../os/posix.ts";
import { errno, libc } from "../../os/posix.ts";

const ON = new Uint8Array(new Int32Array([1]).buffer);

/** Where a target is, as the kernel wants to be told. */
export function addressOf({ address, ipv6, port }: DialTarget): Uint8Array<ArrayBuffer> {
  return ipv6 === undefined ? posix.socketAddress(address, port) : posix.socketAddress6(ipv6, port);
}

/**
 * Opens a socket as a target wants it, bound to its source address, not connected yet.
 *
 * @param flags further flags of its type, such as SOCK_NONBLOCK
 * @returns its descriptor, or minus an errno
 */
export function openDialSocket({ source, ipv6 }: DialTarget, flags: number): number {
  const c = libc();
  const family = ipv6 === undefined ? posix.AF_INET : posix.AF_INET6;
  const fd = c.socket(family, posix.SOCK_STREAM | posix.SOCK_CLOEXEC | flags, 0);
  if (fd < 0) return -errno();
  // Without it a request would wait for the answer to the one before.
  c.setsockopt(fd, posix.IPPROTO_TCP, posix.TCP_NODELAY, ON, 4);
  if (source === 0 || ipv6 !== undefined) return fd;
  // The port is chosen at connect, when the destination is known: thousands more fit.
  c.setsockopt(fd, posix.IPPROTO_IP, posix.IP_BIND_ADDRESS_NO_PORT, ON, 4);
  if (c.bind(fd, posix.socketAddress(source, 0), 16) === 0) return fd;
  c.close(fd);
  return -posix.EHOSTUNREACH;
}
