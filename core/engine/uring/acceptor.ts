import { AcceptMode, type EngineStats } from "../common/engine.ts";
import * as posix from "../../os/posix.ts";
import { errno, libc, mapMemory } from "../../os/posix.ts";
import {
  ACCEPT_REST_MS,
  ACCEPTS_PER_PASS,
  isPeersFault,
  ListeningSocket,
} from "../common/listening_socket.ts";
import type { Slots } from "../common/slots.ts";
import type { Rings } from "./ring/rings.ts";

/** Accepts of one batch at first, and at most. */
const FEW_ACCEPTS = 4;
const MOST_ACCEPTS = 64;
/** A `struct sockaddr_in`, and behind it its length. */
const PEER_BYTES = 32;

/**
 * Takes peers from the listening socket that all workers share. No accept is ever left armed: the ring tells when a peer
 * comes, and then a batch of accepts is tried, no more than there are free slots. They don't wait: each is answered
 * before the enter returns. So a pause takes nobody by surprise, no slot is tied up by waiting, and a peer
 * that comes while this worker is full or paused stays in the kernel's backlog for whoever looks next.
 */
export class UringAcceptor {
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
  readonly #socket = new ListeningSocket();
  #isNewsArmed = false;
  #hasNews = false;
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
    this.#socket.fd = fd;
  }

  /** Before a turn: tries accepts if a peer came, or asks to be told when one does. */
  prepare(nowMs: number): void {
    if (this.#socket.fd < 0 || this.mode === AcceptMode.paused || this.acceptsLeft < 1) return;
    if (this.#isNewsArmed || this.inFlight > 0 || nowMs < this.restUntilMs) return;
    if (this.mode === AcceptMode.open && this.#slots.free === 0) return;
    if (!this.#hasNews) {
      this.#isNewsArmed = true;
      this.#rings.to(0).awaitPeer(this.#socket.fd);
    } else if (this.mode === AcceptMode.refuse) this.#refuse(nowMs);
    else if (this.#canTry) this.#tryAccepts(nowMs);
    else this.#acceptPlainly(nowMs);
  }

  acceptReady(): void {
    this.#isNewsArmed = false;
    this.#hasNews = true;
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
      // An empty backlog: the next batch waits for a peer, and is small.
      this.#hasNews = !this.#isBacklogEmpty;
      this.#batch = this.#isBacklogEmpty ? FEW_ACCEPTS : Math.min(MOST_ACCEPTS, this.#batch * 4);
    }
    return result >= 0;
  }

  unmap(): void {
    this.#peers.unmap();
    this.#socket.unmap();
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
      this.#rings.to(connection).accept(this.#socket.fd, connection, note, address + at, address + at + 16);
      this.inFlight++;
    }
  }

  /** Before Linux 6.10 an accept on a ring can only wait: takes peers over ordinary descriptors, each for a moment. */
  #acceptPlainly(nowMs: number): void {
    for (let i = 0; i < MOST_ACCEPTS && this.#slots.free > 0 && this.acceptsLeft >= 1; i++) {
      const connection = this.#slots.take();
      let code = this.#rings.has(connection) ? 0 : this.#rings.lastError;
      const fd = code === 0 ? this.#socket.accept(0) : -code;
      if (fd < 0) code = -fd;
      else {
        if (!this.#rings.ringOf(connection).install(connection, fd)) code = errno();
        libc().close(fd);
      }
      if (code !== 0) {
        this.#slots.giveBack(connection);
        this.#hasNews = code !== posix.EAGAIN;
        return this.#blame(code, nowMs);
      }
      this.#peerAddress[connection] = this.#socket.peerAddress;
      this.acceptsLeft--;
      this.arrivals.push(connection);
    }
  }

  /** Turns peers away, over ordinary descriptors. */
  #refuse(nowMs: number): void {
    for (let i = 0; i < ACCEPTS_PER_PASS; i++) {
      const code = -this.#socket.refuse();
      if (code !== 0) {
        this.#hasNews = code !== posix.EAGAIN;
        return this.#blame(code, nowMs);
      }
      this.#stats.refusedPeers++;
    }
  }

  #blame(code: number, nowMs: number): void {
    if (code === posix.EAGAIN) this.#isBacklogEmpty = true;
    else if (!isPeersFault(code)) {
      this.#stats.failedAccepts++;
      this.restUntilMs = nowMs + ACCEPT_REST_MS;
    }
  }
}
