import { openDialSocket } from "../common/dial_socket.ts";
import type { DialTarget } from "../common/engine.ts";
import { errno, libc } from "../../os/posix.ts";
import type { UringRing } from "./ring/ring.ts";

/**
 * Opens a socket as the target wants it and puts it into a connection's slot. It is an ordinary socket until then: a
 * direct descriptor can be bound only from Linux 6.11 on and has options only from 6.7 on, and this way costs a few
 * microseconds of the 30 that a connection costs anyway. It blocks, or io_uring would not wait for the connection.
 *
 * @returns 0, or an errno
 */
export function openSocketInto(ring: UringRing, connection: number, target: DialTarget): number {
  const fd = openDialSocket(target, 0);
  if (fd < 0) return -fd;
  const code = ring.install(connection, fd) ? 0 : errno();
  libc().close(fd);
  return code;
}
