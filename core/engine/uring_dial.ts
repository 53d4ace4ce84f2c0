import type { DialTarget } from "./engine.ts";
import * as posix from "./posix.ts";
import { errno, libc } from "./posix.ts";
import type { UringRing } from "./uring_ring.ts";

const ON = new Uint8Array(new Int32Array([1]).buffer);

/**
 * Opens a socket as the target wants it and puts it into a connection's slot. It is an ordinary socket until then: a
 * direct descriptor can be bound only from Linux 6.11 on and has options only from 6.7 on, and this way costs a few
 * microseconds of the 30 that a connection costs anyway. It blocks, or io_uring would not wait for the connection.
 *
 * @returns 0, or an errno
 */
export function openSocketInto(ring: UringRing, connection: number, target: DialTarget): number {
  const c = libc();
  const fd = c.socket(posix.AF_INET, posix.SOCK_STREAM | posix.SOCK_CLOEXEC, 0);
  if (fd < 0) return errno();
  // Without it a request would wait for the answer to the one before.
  c.setsockopt(fd, posix.IPPROTO_TCP, posix.TCP_NODELAY, ON, 4);
  let code = 0;
  if (target.source !== 0) {
    // The port is chosen at connect, when the destination is known: thousands more fit.
    c.setsockopt(fd, posix.IPPROTO_IP, posix.IP_BIND_ADDRESS_NO_PORT, ON, 4);
    if (c.bind(fd, posix.socketAddress(target.source, 0), 16) !== 0) code = posix.EHOSTUNREACH;
  }
  if (code === 0 && !ring.install(connection, fd)) code = errno();
  c.close(fd);
  return code;
}
