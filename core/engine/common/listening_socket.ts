import * as posix from "../../os/posix.ts";
import { errno, libc, mapMemory } from "../../os/posix.ts";

/** Peers taken or turned away in one pass, so that a storm of them doesn't hold up those who are in. */
export const ACCEPTS_PER_PASS = 128;
/** After an accept that failed for lack of descriptors or memory: how long not to try again. */
export const ACCEPT_REST_MS = 50;

const EPROTO = 71;
const DISCARD_BYTES = 4096;

/** Whether a failed accept blames its peer, who is gone, and not this host. */
export function isPeersFault(code: number): boolean {
  return code === posix.ECONNABORTED || code === posix.EINTR || code === EPROTO;
}

/** The listening socket that all workers share, and plain accepts on it. */
export class ListeningSocket {
  /** -1 until there is one. */
  fd = -1;
  readonly #c = libc();
  readonly #peer = new Uint8Array(16);
  readonly #peerView = new DataView(this.#peer.buffer);
  readonly #peerLength = new Uint32Array(1);
  readonly #peerLengthBytes = new Uint8Array(this.#peerLength.buffer);
  readonly #discard = mapMemory(DISCARD_BYTES);

  /** IPv4 address of the peer that was accepted last. */
  get peerAddress(): number {
    return this.#peerView.getUint32(4);
  }

  /**
   * Takes a peer from the backlog, without waiting for one.
   *
   * @param flags further flags of its socket, such as SOCK_NONBLOCK
   * @returns its descriptor, or minus an errno
   */
  accept(flags: number): number {
    this.#peerLength[0] = this.#peer.length;
    const fd = this.#c.accept4(this.fd, this.#peer, this.#peerLengthBytes, posix.SOCK_CLOEXEC | flags);
    return fd >= 0 ? fd : -errno();
  }

  /**
   * Turns the next peer of the backlog away in good order: what it sent already is read, or the kernel would answer with
   * a reset.
   *
   * @returns 0, or minus an errno
   */
  refuse(): number {
    const fd = this.accept(posix.SOCK_NONBLOCK);
    if (fd < 0) return fd;
    this.#c.shutdown(fd, posix.SHUT_WR);
    this.#c.recv(fd, this.#discard.pointer, DISCARD_BYTES, posix.MSG_DONTWAIT);
    this.#c.close(fd);
    return 0;
  }

  unmap(): void {
    this.#discard.unmap();
  }
}
