import { assert } from "../../base/assert.ts";
import {
  AF_INET,
  errno,
  libc,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  socketAddress,
  SOL_SOCKET,
  whyNoLibc,
} from "../../os/posix.ts";

/** All addresses of this host. */
const EVERYWHERE = 0;

/**
 * A port for a server that is killed and started again. A socket that is bound and never listens keeps it while the
 * server is down: the kernel gives it to nobody else, neither to one who listens on any free port nor to one who dials.
 * A server that asks for this very port has it all the same, since both set SO_REUSEADDR.
 */
export class HeldPort implements Disposable {
  readonly port: number;
  /** Absent where there is no libc to bind a socket with: then the port was free, and is hoped to stay so. */
  #fd: number | undefined;

  private constructor(port: number, fd: number | undefined) {
    this.port = port;
    this.#fd = fd;
  }

  /** Takes a free port. */
  static take(): HeldPort {
    if (whyNoLibc() !== null) {
      using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
      return new HeldPort(listener.addr.port, undefined);
    }
    const c = libc();
    const fd = c.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd >= 0, `a socket can be opened (errno ${errno()})`);
    c.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, new Uint8Array(new Int32Array([1]).buffer), 4);
    const isBound = c.bind(fd, socketAddress(EVERYWHERE, 0), 16) === 0;
    assert(isBound, `some port is free (errno ${errno()})`);
    const bound = new Uint8Array(16);
    c.getsockname(fd, bound, new Uint8Array(new Uint32Array([16]).buffer));
    return new HeldPort(new DataView(bound.buffer).getUint16(2), fd);
  }

  /** Leaves the port to others. */
  [Symbol.dispose](): void {
    if (this.#fd !== undefined) libc().close(this.#fd);
    this.#fd = undefined;
  }
}
