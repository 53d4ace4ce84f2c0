import { addressOf } from "../common/dial_socket.ts";
import type { DialTarget } from "../common/engine.ts";
import * as posix from "../../os/posix.ts";
import { errno, libc } from "../../os/posix.ts";

/** `struct linger`: on, 0 seconds. */
const LINGER_ZERO = new Uint8Array(new Int32Array([1, 0]).buffer);
/** For getsockopt: an int, and its length. */
const option = new Int32Array(1);
const optionBytes = new Uint8Array(option.buffer);
const optionLength = new Uint8Array(Uint32Array.of(option.byteLength).buffer);

/** Begins to connect a socket. Returns the errno of a failure, 0 if it is under way. */
export function startConnect(fd: number, target: DialTarget): number {
  const address = addressOf(target);
  if (libc().connect(fd, address, address.length) === 0) return 0;
  const code = errno();
  return code === posix.EINPROGRESS ? 0 : code;
}

/** The errno of what went wrong with a socket, 0 if nothing did. */
export function socketError(fd: number): number {
  const { SOL_SOCKET, SO_ERROR } = posix;
  const result = libc().getsockopt(fd, SOL_SOCKET, SO_ERROR, optionBytes, optionLength);
  return result === 0 ? option[0] : errno();
}

/** Closing this socket will reset its connection. */
export function resetAtClose(fd: number): void {
  libc().setsockopt(fd, posix.SOL_SOCKET, posix.SO_LINGER, LINGER_ZERO, LINGER_ZERO.byteLength);
}
