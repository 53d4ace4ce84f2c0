import type { CloseCause } from "../common/engine.ts";

/** What a socket needs of its network. */
export interface SimLink {
  /** Most bytes that one side may have sent and the other's program not read. */
  readonly socketBytes: number;
  /** Plans `arrive` for when a segment from `from` gets there, after all that it sent before. */
  carry(from: SimSocket, what: string, size: number, arrive: () => void): void;
  /** Plans `arrive` for when word from `from` gets there that needs no place in the stream. */
  signal(arrive: () => void): void;
  /** How many bytes of `size` go into the next segment. */
  segmentSize(size: number): number;
  /** A dialed socket is gone and its local port is free. */
  freePort(socket: SimSocket): void;
}

/** Who is told that a socket has news. Must not do more than remember it. */
export interface SimSocketOwner {
  wake(socket: SimSocket): void;
}

export const SimPhase = { connecting: 0, up: 1, failed: 2, gone: 3 } as const;
export type SimPhase = typeof SimPhase[keyof typeof SimPhase];

/**
 * One end of a simulated TCP connection: a bounded stream each way, an end that comes after the bytes, a reset that
 * throws away what was not read, and a reset as the answer to bytes for an end that its program has left.
 */
export class SimSocket {
  readonly id: number;
  readonly localAddress: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  phase: SimPhase = SimPhase.connecting;
  /** Why it is `failed`. */
  failure: CloseCause = 0;
  peer: SimSocket | undefined;
  owner: SimSocketOwner | undefined;
  /** The owner's number for it. */
  connection = -1;
  /** Whether its owner has it in a list of sockets with news. */
  isAwake = false;
  /** When the last thing that this side sent arrives: what comes later is never faster. */
  lastArrivalMs = 0;
  isReset = false;

  readonly #link: SimLink;
  readonly #inbound: Uint8Array[] = [];
  #inboundBytes = 0;
  #hasPeerEnded = false;
  #hasEnded = false;
  /** Bytes sent that the peer's program has not read. */
  #unread = 0;
  #isBlocked = false;

  constructor(link: SimLink, id: number, localAddress: number, remoteAddress: number, remotePort: number) {
    this.#link = link;
    this.id = id;
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  /** Whether bytes are here to read. */
  get hasBytes(): boolean {
    return this.#inboundBytes > 0;
  }

  /** Whether the peer has ended and every byte of it was read. */
  get isAtEnd(): boolean {
    return this.#hasPeerEnded && this.#inboundBytes === 0;
  }

  /** Moves what has come into `target`. @returns how many bytes, 0 if there are none */
  read(target: Uint8Array): number {
    let size = 0;
    while (this.#inbound.length > 0 && size < target.length) {
      const segment = this.#inbound[0];
      const part = segment.subarray(0, target.length - size);
      target.set(part, size);
      size += part.length;
      if (part.length === segment.length) this.#inbound.shift();
      else this.#inbound[0] = segment.subarray(part.length);
    }
    if (size === 0) return 0;
    this.#inboundBytes -= size;
    const peer = this.peer!;
    this.#link.signal(() => peer.#acknowledge(size));
    return size;
  }

  /** @returns how many of the bytes the socket took; -1 if the connection is broken */
  write(bytes: Uint8Array): number {
    if (this.phase !== SimPhase.up || this.isReset) return -1;
    const taken = Math.min(bytes.length, this.#link.socketBytes - this.#unread);
    if (taken < bytes.length) this.#isBlocked = true;
    this.#unread += taken;
    const peer = this.peer!;
    for (let at = 0; at < taken;) {
      const size = this.#link.segmentSize(taken - at);
      const segment = bytes.slice(at, at + size);
      this.#link.carry(this, "bytes", size, () => peer.#receive(segment));
      at += size;
    }
    return taken;
  }

  /** Says that nothing more will be sent, as shutdown(2) does. */
  end(): void {
    if (this.phase !== SimPhase.up || this.isReset || this.#hasEnded) return;
    this.#hasEnded = true;
    const peer = this.peer!;
    this.#link.carry(this, "end", 0, () => {
      peer.#hasPeerEnded = true;
      peer.#wake();
    });
  }

  /** The program leaves, as with close(2): in good order, or with a reset if bytes came that it did not read. */
  close(): void {
    if (this.phase === SimPhase.up && this.#inboundBytes === 0) this.end();
    else if (this.phase === SimPhase.up) this.#sendReset();
    this.#leave();
  }

  /** The program leaves with a reset. */
  reset(): void {
    if (this.phase === SimPhase.up) this.#sendReset();
    this.#leave();
  }

  /** The handshake is over. */
  establish(): void {
    if (this.phase === SimPhase.gone) this.#sendReset();
    else if (this.phase === SimPhase.connecting) {
      this.phase = SimPhase.up;
      this.#wake();
    }
  }

  fail(cause: CloseCause): void {
    if (this.phase !== SimPhase.connecting) return;
    this.phase = SimPhase.failed;
    this.failure = cause;
    this.#wake();
  }

  /** A reset has come, from the peer or from the network. */
  breakDown(): void {
    if (this.phase === SimPhase.gone || this.isReset) return;
    this.isReset = true;
    this.#inbound.length = this.#inboundBytes = 0;
    this.#wake();
  }

  #receive(segment: Uint8Array): void {
    if (this.isReset) return;
    if (this.phase === SimPhase.gone) return this.#sendReset();
    this.#inbound.push(segment);
    this.#inboundBytes += segment.length;
    this.#wake();
  }

  #acknowledge(size: number): void {
    this.#unread -= size;
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.#wake();
  }

  #sendReset(): void {
    const peer = this.peer!;
    this.#link.carry(this, "reset", 0, () => peer.breakDown());
  }

  #leave(): void {
    if (this.phase === SimPhase.gone) return;
    this.phase = SimPhase.gone;
    this.owner = undefined;
    this.#inbound.length = this.#inboundBytes = 0;
    this.#link.freePort(this);
  }

  #wake(): void {
    this.owner?.wake(this);
  }
}
