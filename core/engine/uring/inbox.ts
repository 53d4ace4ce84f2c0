import type { EngineHandler, EngineStats } from "../common/engine.ts";
import { ECANCELED, ENOBUFS } from "../../os/posix.ts";
import { CQE_MORE } from "./ring/abi.ts";
import { type BufferPool, SMALL_POOL } from "./ring/buffers.ts";
import { FULL_RECEIVES, State, type UringConnections } from "./connections.ts";
import type { UringReads } from "./reads.ts";
import type { UringRing } from "./ring/ring.ts";
import type { Rings } from "./ring/rings.ts";
import { Kind } from "./ring/user_data.ts";

/** Bits of a completion's flags above which the number of its buffer stands. */
const BUFFER_SHIFT = 16;
/** A large buffer filled less than this is followed by small ones. */
const LARGE_FROM_BYTES = 512;

/** Told of what receiving comes to, other than bytes. */
export interface ReceivingOwner {
  /** The peer will send no more. */
  onPeerEnded(connection: number): void;
  /** It can't be read any more; `code` is an errno. */
  onReceiveFailed(connection: number, code: number): void;
  /** An operation of a connection that is leaving is over. */
  onAnswered(connection: number): void;
  /** The connection is not watched any more, and is to be armed anew. */
  onUnwatched(connection: number): void;
}

/**
 * The receiving half of the io_uring engine, as long as all that comes is read: one receive a connection stays armed, and
 * the kernel puts what comes into a buffer of its choice.
 */
export class UringInbox {
  readonly #rings: Rings;
  readonly #connections: UringConnections;
  readonly #stats: EngineStats;
  readonly #reads: UringReads;
  readonly #owner: ReceivingOwner;
  #handler: EngineHandler | undefined;
  /** Receives that found no buffer, armed again at the end of the pass. */
  readonly #starved: number[] = [];

  constructor(
    rings: Rings,
    connections: UringConnections,
    stats: EngineStats,
    reads: UringReads,
    owner: ReceivingOwner,
  ) {
    this.#rings = rings;
    this.#connections = connections;
    this.#stats = stats;
    this.#reads = reads;
    this.#owner = owner;
  }

  attach(handler: EngineHandler): void {
    this.#handler = handler;
  }

  /** From now on what comes for a connection is received, or told of if it is to be left unread. */
  arm(connection: number): void {
    if (this.#reads.shouldWatch(connection)) return this.#reads.watch(connection);
    const { inFlight, fullReceives, generation } = this.#connections;
    inFlight[connection]++;
    const submissions = this.#rings.to(connection);
    if (fullReceives[connection] === FULL_RECEIVES) {
      submissions.receiveLarge(connection, generation[connection]);
    } else submissions.receive(connection, generation[connection]);
  }

  /** A receive into a small buffer brought something, or ended. */
  received(ring: UringRing, connection: number, generation: number, result: number, flags: number): void {
    if (result > 0) {
      this.#bytesCame(ring.pool, connection, generation, result, flags);
      if (result === SMALL_POOL.bytes) this.#countFull(connection, generation);
      if ((flags & CQE_MORE) !== 0) return;
    }
    if (this.#connections.isOurs(connection, generation)) this.#ended(connection, result);
  }

  /** A receive into a large buffer is over. */
  receivedLarge(
    ring: UringRing,
    connection: number,
    generation: number,
    result: number,
    flags: number,
  ): void {
    if (result > 0) this.#bytesCame(ring.largePool, connection, generation, result, flags);
    if (!this.#connections.isOurs(connection, generation)) return;
    if (result < LARGE_FROM_BYTES) this.#connections.fullReceives[connection] = 0;
    this.#ended(connection, result);
  }

  /** Buffers are back: arms the receives that found none. */
  feedStarved(): void {
    if (this.#starved.length === 0) return;
    for (const connection of this.#starved) {
      if (this.#connections.state[connection] !== State.leaving) this.arm(connection);
    }
    this.#starved.length = 0;
  }

  #bytesCame(
    pool: BufferPool,
    connection: number,
    generation: number,
    size: number,
    flags: number,
  ): void {
    const buffer = flags >>> BUFFER_SHIFT;
    const { generation: present, state } = this.#connections;
    if (present[connection] !== generation) this.#stats.staleEvents++;
    // A connection that this side has closed is read only so that the kernel doesn't reset it.
    else if (state[connection] === State.open) {
      const start = pool.startOf(buffer);
      this.#handler!.onBytes(connection, start, start + size);
    }
    pool.giveBack(buffer);
  }

  /** Takes a connection that is in the middle of something large off the small buffers. */
  #countFull(connection: number, generation: number): void {
    const { fullReceives, generation: present } = this.#connections;
    if (present[connection] !== generation || fullReceives[connection] === FULL_RECEIVES) return;
    if (++fullReceives[connection] < FULL_RECEIVES) return;
    this.#rings.to(connection).cancel(connection, generation, Kind.receive);
  }

  /** The receive is no longer armed. */
  #ended(connection: number, result: number): void {
    const { state, inFlight } = this.#connections;
    inFlight[connection]--;
    if (state[connection] === State.leaving) return this.#owner.onAnswered(connection);
    if (result > 0 || result === -ECANCELED) return this.arm(connection);
    if (result === 0) return this.#owner.onPeerEnded(connection);
    if (result !== -ENOBUFS) return this.#owner.onReceiveFailed(connection, -result);
    // Without buffers the kernel leaves unread what came: on purpose, or since they are all in use.
    if (this.#reads.shouldWatch(connection)) return this.#reads.watch(connection);
    this.#stats.bufferShortages++;
    this.#starved.push(connection);
  }
}
