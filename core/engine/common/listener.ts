import { UserError } from "../../base/user_error.ts";
import {
  AF_INET,
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  errno,
  IPPROTO_TCP,
  libc,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  socketAddress,
  SOL_SOCKET,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from "../../os/posix.ts";
import { formatAddress } from "../../os/address.ts";
import { type BindProblem, notBound } from "./not_bound.ts";

/** Peers that may wait in the kernel to be accepted; the kernel lowers it to net.core.somaxconn. */
const BACKLOG = 65_535;

/**
 * Opens one listening socket for all workers of the process. Every worker accepts from it, so a full worker leaves
 * peers to the others; with a socket a worker the kernel would spread them without looking.
 *
 * @param port 0 for any free one
 * @param unreadMs how long a peer may leave unacknowledged what was sent to it, 0 for as long as the kernel tries
 * @throws UserError if it can't be had
 */
export function openListener(address: number, port: number, unreadMs = 0): { fd: number; port: number } {
  const c = libc();
  const fd = c.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new UserError(`Cannot open a socket (errno ${errno()}): raise the limit with ulimit -n`);
  const on = new Uint8Array(new Int32Array([1]).buffer);
  c.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, 4);
  // Accepted sockets inherit both, which saves calls for each.
  c.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, on, 4);
  const unread = new Uint8Array(new Int32Array([unreadMs]).buffer);
  if (unreadMs > 0) c.setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, unread, 4);
  const failed = c.bind(fd, socketAddress(address, port), 16) !== 0 || c.listen(fd, BACKLOG) !== 0;
  if (failed) {
    const code = errno();
    c.close(fd);
    throw notBound(PROBLEMS[code], formatAddress(address), port, `errno ${code}`);
  }
  const bound = new Uint8Array(16);
  c.getsockname(fd, bound, new Uint8Array(new Uint32Array([16]).buffer));
  return { fd, port: new DataView(bound.buffer).getUint16(2) };
}

const PROBLEMS: Readonly<Record<number, BindProblem>> = {
  [EADDRINUSE]: "taken",
  [EACCES]: "forbidden",
  [EADDRNOTAVAIL]: "absent",
};
