import { assert } from "../assert.ts";
import type { Clock } from "../time/clock.ts";
import { causeOfErrno } from "./cause.ts";
import { descriptorLimit } from "./descriptors.ts";
import {
  type AcceptMode,
  AcceptMode as Mode,
  type Area,
  CloseCause,
  DEFAULT_QUEUE_BYTES,
  type DialTarget,
  emptyStats,
  type Engine,
  type EngineHandler,
  type EngineOptions,
  LINGER_MS,
  type Listener,
  PASS_BUDGET_MS,
} from "./engine.ts";
import { Lingering } from "./lingering.ts";
import { ECANCELED, ENOBUFS } from "./posix.ts";
import { Slots } from "./slots.ts";
import { CQE_MORE, MAX_FIXED_FILES } from "./uring_abi.ts";
import { type BufferPool, LARGE_POOL, SMALL_POOL } from "./uring_buffers.ts";
import { State, UringConnections } from "./uring_connections.ts";
import { openSocketInto } from "./uring_dial.ts";
import { Doorman } from "./uring_doorman.ts";
import { type OutboxOwner, UringOutbox } from "./uring_outbox.ts";
import { BatchPace } from "./uring_pace.ts";
import type { UringRing } from "./uring_ring.ts";
import { Rings, type RingsOwner } from "./uring_rings.ts";
import { uringSyscalls } from "./uring_syscalls.ts";
import { connectionOf, Kind, kindOf, MAX_CONNECTIONS } from "./uring_user_data.ts";

/** How many completions are handled between two looks at the clock. */
const EVENTS_PER_LOOK = 32;
/** Bits of a completion's flags above which the number of its buffer stands. */
const BUFFER_SHIFT = 16;
/** After so many full small buffers a connection gets a large one. */
const FULL_RECEIVES = 4;
/** A large buffer filled less than this is followed by small ones. */
const LARGE_FROM_BYTES = 512;
/** What the engine's own tests may choose. */
export interface UringOptions extends EngineOptions {
  /** Most slots of one ring; as many as the limit on descriptors allows if absent. */
  readonly slotsPerRing?: number;
  /** Accepts as before Linux 6.10. */
  readonly isAcceptingPlainly?: boolean;
}

/**
 * Completions through io_uring(7): connections are direct descriptors, which don't count against `ulimit -n`; one
 * system call a pass submits all replies and brings what has come.
 */
export class UringEngine implements Engine, RingsOwner, OutboxOwner {
  readonly name = "uring";
  readonly capacity: number;
  readonly peerAddress: Uint32Array;
  readonly maxReadBytes = LARGE_POOL.bytes;
  readonly input: Area;
  readonly output: Area;
  readonly generation: Int32Array;
  readonly stats = emptyStats();

  readonly #slots: Slots;
  readonly #clock: Clock;
  readonly #rings: Rings;
  readonly #connections: UringConnections;
  readonly #outbox: UringOutbox;
  readonly #doorman: Doorman;
  readonly #lingering: Lingering;
  readonly #perRing: number;

  /** Receives that found no buffer, armed again at the end of the pass. */
  #starved: number[] = [];
  /** Closed with their last send still to be submitted. */
  #closing: number[] = [];
  /** What the handler must still be told, since it is called from `poll` only. */
  #drained: number[] = [];
  #ends: number[] = [];
  #handler: EngineHandler | undefined;
  #nowMs = 0;
  /** The ring whose turn is first. */
  #firstRing = 0;
  readonly #pace = new BatchPace();

  constructor(options: UringOptions) {
    const { capacity, clock, bell } = options;
    assert(capacity <= MAX_CONNECTIONS, `an engine has room for ${MAX_CONNECTIONS} connections`);
    this.capacity = capacity;
    this.#clock = clock;
    this.#slots = new Slots(capacity);
    this.generation = this.#slots.generation;
    this.peerAddress = new Uint32Array(capacity);
    this.#connections = new UringConnections(capacity);
    this.#perRing = Math.min(options.slotsPerRing ?? descriptorLimit(), capacity, MAX_FIXED_FILES);
    this.#rings = new Rings(uringSyscalls(), this, bell, capacity, this.#perRing);
    const queueBytes = options.queueBytes ?? DEFAULT_QUEUE_BYTES;
    this.#outbox = new UringOutbox(
      this.#rings,
      this.#connections,
      this.generation,
      this.stats,
      this,
      queueBytes,
    );
    const canTryAccept = this.#rings.main.canTryAccept && options.isAcceptingPlainly !== true;
    this.#doorman = new Doorman(this.#rings, canTryAccept, this.#slots, this.peerAddress, this.stats);
    this.#lingering = new Lingering(options.lingerMs ?? LINGER_MS, this.generation);
    this.input = this.#rings.input;
    this.output = this.#outbox.output;
  }

  get used(): number {
    return this.#slots.used - this.#doorman.inFlight - this.#doorman.arrivals.length;
  }

  attach(handler: EngineHandler): void {
    assert(this.#handler === undefined, "an engine has one handler");
    this.#handler = handler;
  }

  listen(listener: Listener): number {
    assert(listener.kind === "descriptor", "uring listens on a shared descriptor");
    this.#doorman.listen(listener.fd);
    this.setAccepting(Mode.open);
    return listener.port;
  }

  setAccepting(mode: AcceptMode, most = Infinity): void {
    this.#doorman.mode = mode;
    this.#doorman.acceptsLeft = most;
  }

  dial(target: DialTarget): number {
    const connection = this.#slots.take();
    if (connection < 0) return -1;
    this.peerAddress[connection] = target.address;
    this.#connections.start(connection, State.dialing);
    if (!this.#rings.has(connection)) {
      this.#fail(connection, this.#rings.lastError);
      return connection;
    }
    const code = openSocketInto(this.#rings.ringOf(connection), connection, target);
    if (code !== 0) this.#fail(connection, code);
    else {
      this.#connections.inFlight[connection] = 1;
      this.#rings.to(connection).connect(
        connection,
        this.generation[connection],
        target.address,
        target.port,
      );
    }
    return connection;
  }

  reserve(connection: number, size: number): number {
    return this.#outbox.reserve(connection, size);
  }

  commit(connection: number, size: number): void {
    this.#outbox.commit(connection, size);
  }

  close(connection: number): void {
    const state = this.#connections.state[connection];
    if (state === State.dialing) return this.#leave(connection, CloseCause.closed);
    if (state !== State.open && state !== State.ended) return;
    this.#outbox.flush();
    if (!this.#connections.isSending(connection)) return; // it broke
    this.#connections.state[connection] = State.closing;
    this.#lingering.add(connection, this.#clock.monotonicMs());
    if (this.#outbox.isAllOut(connection)) this.#finish(connection);
    else if (this.#connections.isQueueing[connection] === 0) this.#closing.push(connection);
  }

  abort(connection: number): void {
    const state = this.#connections.state[connection];
    if (state === State.free || state === State.leaving) return;
    this.#reset(connection, CloseCause.aborted);
  }

  queuedBytes(connection: number): number {
    return this.#outbox.queuedBytes(connection);
  }

  poll(maxWaitMs: number): void {
    this.#outbox.flush();
    const startMs = this.#clock.monotonicMs();
    this.#doorman.prepare(startMs);
    this.#rings.turn(this.#waitMs(maxWaitMs, startMs), this.#pace.batchUs(startMs));
    this.#finishSubmitted();
    this.#handler!.onWake();
    this.#nowMs = this.#clock.monotonicMs();
    this.#takeArrivals();
    this.#handleAll(this.#nowMs + PASS_BUDGET_MS);
    this.#outbox.flush();
    this.#feedStarved();
    this.#endLingering(startMs);
    this.#tellDrained();
    this.#tellEnds();
    this.#outbox.flush();
  }

  shutdown(): void {
    this.#rings.shutdown();
    this.#outbox.unmap();
    this.#doorman.unmap();
  }

  // RingsOwner

  onEntered(ring: UringRing): void {
    const { submissions } = ring;
    if (submissions.sends === 0) return;
    this.#outbox.takeResults(ring);
    if (submissions.pending === 0) submissions.sends = 0;
  }

  onAllSubmitted(): void {
    this.#outbox.startBatch();
  }

  // OutboxOwner

  onSendFailed(connection: number, code: number): void {
    if (this.#connections.state[connection] === State.leaving) return this.#freeIfDone(connection);
    this.#reset(connection, causeOfErrno(code));
  }

  onQueueEmpty(connection: number): void {
    if (this.#connections.state[connection] === State.closing) this.#finish(connection);
    else this.#drained.push(connection);
  }

  #waitMs(maxWaitMs: number, nowMs: number): number {
    if (this.#ends.length > 0 || this.#drained.length > 0 || this.#closing.length > 0) return 0;
    if (this.#doorman.arrivals.length > 0) return 0;
    let waitMs = Math.min(maxWaitMs, 2_000_000_000);
    waitMs = Math.min(waitMs, Math.max(0, this.#lingering.nextMs - nowMs));
    const { restUntilMs } = this.#doorman;
    if (restUntilMs > nowMs) waitMs = Math.min(waitMs, restUntilMs - nowMs);
    return waitMs;
  }

  /** Handles what has come for one budget; the rest stays where it is for the next call. */
  #handleAll(untilMs: number): void {
    const { list } = this.#rings;
    this.#firstRing = (this.#firstRing + 1) % list.length;
    let handled = 0;
    let isInBudget = true;
    for (let i = 0; i < list.length && isInBudget; i++) {
      const ring = list[(this.#firstRing + i) % list.length];
      const { completions } = ring;
      if (completions.unread === 0) continue;
      while (completions.unread !== 0) {
        this.#handle(ring, completions.words, completions.take());
        if (++handled % EVENTS_PER_LOOK === 0 && this.#clock.monotonicMs() >= untilMs) {
          isInBudget = false;
          break;
        }
      }
      ring.giveBack();
    }
    this.#pace.count(handled);
  }

  #handle(ring: UringRing, words: Int32Array, at: number): void {
    const data = words[at];
    const note = words[at + 1];
    const result = words[at + 2];
    const kind = kindOf(data);
    const connection = connectionOf(data);
    if (kind === Kind.receive) return this.#received(ring, connection, note, result, words[at + 3]);
    switch (kind) {
      case Kind.send:
      case Kind.queueSend: // looked at when they came
      case Kind.ignored:
        return;
      case Kind.knock:
        return this.#doorman.knocked();
      case Kind.wake:
        return this.#rings.woken();
      case Kind.receiveLarge:
        return this.#receivedLarge(ring, connection, note, result, words[at + 3]);
      case Kind.accept:
        return this.#accepted(connection, note, result);
    }
    if (!this.#isOurs(connection, note)) return;
    this.#connections.inFlight[connection]--;
    if (this.#connections.state[connection] === State.leaving) return this.#freeIfDone(connection);
    if (kind === Kind.connect) this.#connected(connection, result);
    else if (kind === Kind.writable) this.#outbox.sendQueued(connection);
    else assert(kind === Kind.shutdown, "a completion is of a known kind");
  }

  #received(ring: UringRing, connection: number, generation: number, result: number, flags: number): void {
    if (result > 0) {
      this.#bytesCame(ring.pool, connection, generation, result, flags);
      if (result === SMALL_POOL.bytes) this.#countFull(connection, generation);
      if ((flags & CQE_MORE) !== 0) return;
    }
    if (this.#isOurs(connection, generation)) this.#receiveEnded(connection, result);
  }

  #receivedLarge(ring: UringRing, connection: number, note: number, result: number, flags: number): void {
    if (result > 0) this.#bytesCame(ring.largePool, connection, note, result, flags);
    if (!this.#isOurs(connection, note)) return;
    if (result < LARGE_FROM_BYTES) this.#connections.fullReceives[connection] = 0;
    this.#receiveEnded(connection, result);
  }

  #bytesCame(
    pool: BufferPool,
    connection: number,
    generation: number,
    size: number,
    flags: number,
  ): void {
    const buffer = flags >>> BUFFER_SHIFT;
    if (this.generation[connection] !== generation) this.stats.staleEvents++;
    // A connection that this side has closed is read only so that the kernel doesn't reset it.
    else if (this.#connections.state[connection] === State.open) {
      const start = pool.startOf(buffer);
      this.#handler!.onBytes(connection, start, start + size);
    }
    pool.giveBack(buffer);
  }

  /** Takes a connection that is in the middle of something large off the small buffers. */
  #countFull(connection: number, generation: number): void {
    const { fullReceives } = this.#connections;
    if (this.generation[connection] !== generation || fullReceives[connection] === FULL_RECEIVES) return;
    if (++fullReceives[connection] < FULL_RECEIVES) return;
    this.#rings.to(connection).cancel(connection, generation, Kind.receive);
  }

  /** The receive is no longer armed. */
  #receiveEnded(connection: number, result: number): void {
    const { state, hasPeerEnded } = this.#connections;
    this.#connections.inFlight[connection]--;
    if (state[connection] === State.leaving) return this.#freeIfDone(connection);
    if (result > 0 || result === -ECANCELED) return this.#receive(connection);
    if (result === -ENOBUFS) {
      this.stats.bufferShortages++;
      this.#starved.push(connection);
      return;
    }
    if (result < 0) return this.#leave(connection, causeOfErrno(-result));
    hasPeerEnded[connection] = 1;
    if (state[connection] === State.lingering) this.#leave(connection, CloseCause.closed);
    else if (state[connection] === State.open) {
      state[connection] = State.ended;
      this.#handler!.onEnd(connection);
    }
  }

  #receive(connection: number): void {
    this.#connections.inFlight[connection]++;
    const submissions = this.#rings.to(connection);
    const isLarge = this.#connections.fullReceives[connection] === FULL_RECEIVES;
    if (isLarge) submissions.receiveLarge(connection, this.generation[connection]);
    else submissions.receive(connection, this.generation[connection]);
  }

  #takeArrivals(): void {
    const { arrivals } = this.#doorman;
    if (arrivals.length === 0) return;
    for (const connection of arrivals) this.#arrived(connection);
    arrivals.length = 0;
  }

  #accepted(connection: number, note: number, result: number): void {
    if (this.#doorman.answered(connection, note, result, this.#nowMs)) this.#arrived(connection);
  }

  #arrived(connection: number): void {
    this.#connections.start(connection, State.open);
    this.#receive(connection);
    this.#handler!.onAccept(connection);
  }

  #connected(connection: number, result: number): void {
    if (result < 0) return this.#leave(connection, causeOfErrno(-result));
    this.#connections.state[connection] = State.open;
    this.#receive(connection);
    this.#handler!.onConnect(connection);
  }

  #isOurs(connection: number, generation: number): boolean {
    if (this.generation[connection] === generation && this.#connections.state[connection] !== State.free) {
      return true;
    }
    this.stats.staleEvents++;
    return false;
  }

  /** Buffers are back: arms the receives that found none. */
  #feedStarved(): void {
    if (this.#starved.length === 0) return;
    for (const connection of this.#starved) {
      if (this.#connections.state[connection] === State.leaving) continue;
      this.#receive(connection);
    }
    this.#starved.length = 0;
  }

  /** Connections that were closed after a send: it is submitted now, and if it was short its queue shows it. */
  #finishSubmitted(): void {
    if (this.#closing.length === 0) return;
    for (const connection of this.#closing) {
      if (this.#connections.state[connection] !== State.closing) continue;
      if (this.#outbox.isAllOut(connection)) this.#finish(connection);
    }
    this.#closing.length = 0;
  }

  /** Everything is sent: says so to the peer, and reads on until it ends too. */
  #finish(connection: number): void {
    if (this.#connections.hasPeerEnded[connection] === 1) return this.#leave(connection, CloseCause.closed);
    this.#connections.state[connection] = State.lingering;
    this.#connections.inFlight[connection]++;
    this.#rings.to(connection).endSending(connection, this.generation[connection]);
  }

  #endLingering(nowMs: number): void {
    for (;;) {
      const connection = this.#lingering.takeOver(nowMs);
      if (connection < 0) return;
      const state = this.#connections.state[connection];
      if (state === State.lingering) this.#leave(connection, CloseCause.closed);
      else if (state === State.closing) this.#reset(connection, CloseCause.timeout);
    }
  }

  /** Ends a connection in whatever state it is, with a reset where there is a peer. */
  #reset(connection: number, cause: CloseCause): void {
    const isUp = this.#connections.state[connection] !== State.dialing;
    if (isUp) this.#rings.to(connection).disconnect(connection);
    this.#leave(connection, cause);
  }

  /** Gives the socket back and ends what is armed on it. Its number is free when all of that is told. */
  #leave(connection: number, cause: CloseCause): void {
    const { state, inFlight } = this.#connections;
    const isLarge = this.#connections.fullReceives[connection] === FULL_RECEIVES;
    const armed = state[connection] === State.dialing
      ? Kind.connect
      : isLarge
      ? Kind.receiveLarge
      : Kind.receive;
    state[connection] = State.leaving;
    this.#connections.cause[connection] = cause;
    this.#outbox.forget(connection);
    const submissions = this.#rings.to(connection);
    const generation = this.generation[connection];
    if (inFlight[connection] > 0) {
      submissions.cancel(connection, generation, armed);
    }
    inFlight[connection]++;
    submissions.close(connection, generation);
  }

  /** A dial that never had a socket. */
  #fail(connection: number, code: number): void {
    this.#connections.state[connection] = State.leaving;
    this.#connections.cause[connection] = causeOfErrno(code);
    this.#ends.push(connection);
  }

  #freeIfDone(connection: number): void {
    if (this.#connections.inFlight[connection] === 0) this.#ends.push(connection);
  }

  #tellDrained(): void {
    if (this.#drained.length === 0) return;
    const drained = this.#drained;
    this.#drained = [];
    for (const connection of drained) {
      if (this.#connections.isSending(connection)) this.#handler!.onDrain(connection);
    }
  }

  #tellEnds(): void {
    if (this.#ends.length === 0) return;
    // What ends meanwhile is told in the next poll, so that redials don't hold up this one.
    const ends = this.#ends;
    this.#ends = [];
    for (const connection of ends) {
      this.#handler!.onClose(connection, this.#connections.cause[connection] as CloseCause);
      this.#connections.state[connection] = State.free;
      this.#slots.release(connection);
    }
  }
}
