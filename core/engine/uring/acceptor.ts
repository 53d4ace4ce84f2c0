import { AcceptMode, type EngineStats } from "../common/engine.ts";
import * as posix from "../../os/posix.ts";
import { errno, libc, mapMemory } from "../../os/posix.ts";
import type { Slots } from "../common/slots.ts";
import type { Rings } from "./ring/rings.ts";

/** Accepts of one batch at first, and at most. */
const FEW_ACCEPTS = 4;
const MOST_ACCEPTS = 64;
/** Peers turned away in one pass. */
const MOST_REFUSALS = 128;
/** After an accept that failed for lack of something: how long not to try again. */
const REST_MS = 50;
/** A `struct sockaddr_in`, and behind it its length. */
const PEER_BYTES = 32;
const EPROTO = 71;

/**
 * Takes peers from the listening socket that all workers share. No accept is ever left armed: the ring tells when a peer
 * knocks, and then a batch of accepts is tried, no more than there are free slots. They don't wait: each is answered
 * before the enter returns. So a pause takes nobody by surprise, no slot is tied up by waiting, and a peer
 * that knocks while this worker is full or paused stays in the kernel's backlog for whoever looks next.
 */
export class Doorman {
  mode: AcceptMode = AcceptMode.paused;
  /** Peers to take at most until this is set anew. */
  acceptsLeft = Infinity;
  /** Accepts under way. Their slots are taken, but have no connection yet. */
  inFlight = 0;
  /** Connections whose peers were taken before the turn; the engine takes them out. */
  readonly arrivals: number[] = [];
  /** Monotonic time before which nothing is tried. */
  restUntilMs = 0;

  readonly #rings: Rings;
  readonly #canTry: boolean;
  readonly #slots: Slots;
  readonly #peerAddress: Uint32Array;
  readonly #stats: EngineStats;
  readonly #peers = mapMemory(MOST_ACCEPTS * PEER_BYTES);
  /** The same for an accept outside the ring. */
  readonly #peer = new Uint8Array(16);
  readonly #peerView = new DataView(this.#peer.buffer);
  readonly #peerLength = new Uint32Array(1);
  readonly #peerLengthBytes = new Uint8Array(this.#peerLength.buffer);
  readonly #discard = mapMemory(4096);
  #listenFd = -1;
  #isKnockArmed = false;
  #hasKnocked = false;
  #batch = FEW_ACCEPTS;
  #isBacklogEmpty = false;

  /** @param canTry whether the kernel can try an accept on a ring without waiting */
  constructor(rings: Rings, canTry: boolean, slots: Slots, peerAddress: Uint32Array, stats: EngineStats) {
    this.#canTry = canTry;
    this.#rings = rings;
    this.#slots = slots;
    this.#peerAddress = peerAddress;
    this.#stats = stats;
  }

  listen(fd: number): void {
    this.#listenFd = fd;
  }

  /** Before a turn: tries accepts if a peer knocked, or asks to be told when one does. */
  prepare(nowMs: number): void {
    if (this.#listenFd < 0 || this.mode === AcceptMode.paused || this.acceptsLeft < 1) return;
    if (this.#isKnockArmed || this.inFlight > 0 || nowMs < this.restUntilMs) return;
    if (this.mode === AcceptMode.open && this.#slots.free === 0) return;
    if (!this.#hasKnocked) {
      this.#isKnockArmed = true;
      this.#rings.to(0).awaitKnock(this.#listenFd);
    } else if (this.mode === AcceptMode.refuse) this.#refuse(nowMs);
    else if (this.#canTry) this.#tryAccepts(nowMs);
    else this.#acceptPlainly(nowMs);
  }

  knocked(): void {
    this.#isKnockArmed = false;
    this.#hasKnocked = true;
  }

  /**
   * An accept into the slot of this connection was answered.
   *
   * @returns whether a peer is there; if not, the slot is free again
   */
  answered(connection: number, note: number, result: number, nowMs: number): boolean {
    this.inFlight--;
    if (result >= 0) {
      this.acceptsLeft--;
      this.#peerAddress[connection] = this.#peers.view.getUint32(note * PEER_BYTES + 4);
    } else {
      this.#slots.giveBack(connection);
      this.#blame(-result, nowMs);
    }
    if (this.inFlight === 0) {
      // An empty backlog: the next batch waits for a knock, and is small.
      this.#hasKnocked = !this.#isBacklogEmpty;
      this.#batch = this.#isBacklogEmpty ? FEW_ACCEPTS : Math.min(MOST_ACCEPTS, this.#batch * 4);
    }
    return result >= 0;
  }

  unmap(): void {
    this.#peers.unmap();
    this.#discard.unmap();
  }

  #tryAccepts(nowMs: number): void {
    const count = Math.min(this.#batch, this.#slots.free, Math.floor(this.acceptsLeft));
    this.#isBacklogEmpty = false;
    for (let note = 0; note < count; note++) {
      const connection = this.#slots.take();
      if (!this.#rings.has(connection)) {
        this.#slots.giveBack(connection);
        return this.#blame(this.#rings.lastError, nowMs);
      }
      const at = note * PEER_BYTES;
      const { address, view } = this.#peers;
      view.setUint32(at + 16, 16, true);
      this.#rings.to(connection).accept(this.#listenFd, connection, note, address + at, address + at + 16);
      this.inFlight++;
    }
  }

  /** Before Linux 6.10 an accept on a ring can only wait: takes peers over ordinary descriptors, each for a moment. */
  #acceptPlainly(nowMs: number): void {
    const c = libc();
    for (let i = 0; i < MOST_ACCEPTS && this.#slots.free > 0 && this.acceptsLeft >= 1; i++) {
      const connection = this.#slots.take();
      let code = this.#rings.has(connection) ? 0 : this.#rings.lastError;
      this.#peerLength[0] = 16;
      const fd = code === 0
        ? c.accept4(this.#listenFd, this.#peer, this.#peerLengthBytes, posix.SOCK_CLOEXEC)
        : -1;
      if (code === 0 && fd < 0) code = errno();
      else if (fd >= 0) {
        if (!this.#rings.ringOf(connection).install(connection, fd)) code = errno();
        c.close(fd);
      }
      if (code !== 0) {
        this.#slots.giveBack(connection);
        this.#hasKnocked = code !== posix.EAGAIN;
        return this.#blame(code, nowMs);
      }
      this.#peerAddress[connection] = this.#peerView.getUint32(4);
      this.acceptsLeft--;
      this.arrivals.push(connection);
    }
  }

  /** Turns peers away, over ordinary descriptors: what they sent already is read, or they would see a reset. */
  #refuse(nowMs: number): void {
    const c = libc();
    for (let i = 0; i < MOST_REFUSALS; i++) {
      const fd = c.accept4(this.#listenFd, null, null, posix.SOCK_NONBLOCK | posix.SOCK_CLOEXEC);
      if (fd < 0) {
        const code = errno();
        this.#hasKnocked = code !== posix.EAGAIN;
        return this.#blame(code, nowMs);
      }
      this.#stats.refusedPeers++;
      c.shutdown(fd, posix.SHUT_WR);
      c.recv(fd, this.#discard.pointer, 4096, posix.MSG_DONTWAIT);
      c.close(fd);
    }
  }

  #blame(code: number, nowMs: number): void {
    switch (code) {
      case posix.EAGAIN:
        this.#isBacklogEmpty = true;
        return;
      case posix.EINTR:
      case posix.ECONNABORTED:
      case EPROTO:
        return; // that peer is gone
      default:
        this.#stats.failedAccepts++;
        this.restUntilMs = nowMs + REST_MS;
    }
  }
}
