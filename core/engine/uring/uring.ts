import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { causeOfErrno } from "../common/cause.ts";
import { descriptorLimit } from "../../os/descriptors.ts";
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
} from "../common/engine.ts";
import type { ReadControl } from "../common/read_control.ts";
import { Slots } from "../common/slots.ts";
import { MAX_FIXED_FILES } from "./ring/abi.ts";
import { LARGE_POOL } from "./ring/buffers.ts";
import { State, UringConnections } from "./connections.ts";
import { addressOf } from "../common/dial_socket.ts";
import { openSocketInto } from "./dial.ts";
import { UringAcceptor } from "./acceptor.ts";
import { UringCloser } from "./closer.ts";
import { type ReceivingOwner, UringInbox } from "./inbox.ts";
import { type OutboxOwner, UringOutbox } from "./outbox.ts";
import { BatchPace } from "./pace.ts";
import { UringReads } from "./reads.ts";
import type { UringRing } from "./ring/ring.ts";
import { Rings, type RingsOwner } from "./ring/rings.ts";
import { uringSyscalls } from "./ring/syscalls.ts";
import { connectionOf, Kind, kindOf, MAX_CONNECTIONS } from "./ring/user_data.ts";

/** How many completions are handled between two looks at the clock. */
const EVENTS_PER_LOOK = 32;

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
export class UringEngine implements Engine, RingsOwner, OutboxOwner, ReceivingOwner {
  readonly name = "uring";
  readonly capacity: number;
  readonly peerAddress: Uint32Array;
  readonly maxReadBytes = LARGE_POOL.bytes;
  readonly input: Area;
  readonly output: Area;
  readonly generation: Int32Array;
  readonly stats = emptyStats();
  readonly reads: ReadControl;

  readonly #slots: Slots;
  readonly #clock: Clock;
  readonly #rings: Rings;
  readonly #connections: UringConnections;
  readonly #acceptor: UringAcceptor;
  readonly #inbox: UringInbox;
  readonly #reads: UringReads;
  readonly #outbox: UringOutbox;
  readonly #ends: UringCloser;
  readonly #pace = new BatchPace();

  /** Connections whose queue is empty, of which the handler must still be told. */
  #drained: number[] = [];
  #handler: EngineHandler | undefined;
  #nowMs = 0;
  /** Entries that the present pass has submitted. */
  #submitted = 0;
  /** The ring whose turn is first. */
  #firstRing = 0;

  constructor(options: UringOptions) {
    const { capacity, clock, waker } = options;
    assert(capacity <= MAX_CONNECTIONS, `an engine has room for ${MAX_CONNECTIONS} connections`);
    this.capacity = capacity;
    this.#clock = clock;
    this.#slots = new Slots(capacity);
    this.generation = this.#slots.generation;
    this.peerAddress = new Uint32Array(capacity);
    const connections = this.#connections = new UringConnections(this.generation, this.stats);
    const perRing = Math.min(options.slotsPerRing ?? descriptorLimit(), capacity, MAX_FIXED_FILES);
    const rings = this.#rings = new Rings(uringSyscalls(), this, waker, capacity, perRing);
    const queueBytes = options.queueBytes ?? DEFAULT_QUEUE_BYTES;
    this.#outbox = new UringOutbox(rings, connections, this.stats, this, queueBytes);
    this.#reads = new UringReads(rings, connections, this.stats, clock, this);
    this.#inbox = new UringInbox(rings, connections, this.stats, this.#reads, this);
    const lingerMs = options.lingerMs ?? LINGER_MS;
    this.#ends = new UringCloser(rings, connections, this.#outbox, this.#reads, this.#slots, clock, lingerMs);
    const canTryAccept = rings.main.canTryAccept && options.isAcceptingPlainly !== true;
    this.#acceptor = new UringAcceptor(rings, canTryAccept, this.#slots, this.peerAddress, this.stats);
    this.input = rings.input;
    this.output = this.#outbox.output;
    this.reads = this.#reads.control;
  }

  get used(): number {
    return this.#slots.used - this.#acceptor.inFlight - this.#acceptor.arrivals.length;
  }

  attach(handler: EngineHandler): void {
    assert(this.#handler === undefined, "an engine has one handler");
    this.#handler = handler;
    this.#inbox.attach(handler);
    this.#reads.attach(handler);
  }

  listen(listener: Listener): number {
    assert(listener.kind === "descriptor", "uring listens on a shared descriptor");
    this.#acceptor.listen(listener.fd);
    this.setAccepting(Mode.open);
    return listener.port;
  }

  setAccepting(mode: AcceptMode, most = Infinity): void {
    this.#acceptor.mode = mode;
    this.#acceptor.acceptsLeft = most;
  }

  dial(target: DialTarget): number {
    const connection = this.#slots.take();
    if (connection < 0) return -1;
    this.peerAddress[connection] = target.address;
    this.#connections.start(connection, State.dialing);
    if (!this.#rings.has(connection)) {
      this.#ends.fail(connection, this.#rings.lastError);
      return connection;
    }
    const code = openSocketInto(this.#rings.ringOf(connection), connection, target);
    if (code !== 0) this.#ends.fail(connection, code);
    else {
      this.#connections.inFlight[connection] = 1;
      this.#rings.to(connection).connect(
        connection,
        this.generation[connection],
        addressOf(target),
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
    this.#ends.close(connection);
  }

  abort(connection: number): void {
    const state = this.#connections.state[connection];
    if (state === State.free || state === State.leaving) return;
    this.#ends.reset(connection, CloseCause.aborted);
  }

  queuedBytes(connection: number): number {
    return this.#outbox.queuedBytes(connection);
  }

  poll(maxWaitMs: number): void {
    const startMs = this.#submit();
    this.#wait(maxWaitMs, startMs);
    this.#handler!.onWake();
    this.#dispatch();
    this.#finish(startMs);
  }

  shutdown(): void {
    this.#rings.shutdown();
    this.#outbox.unmap();
    this.#acceptor.unmap();
  }

  // RingsOwner

  onEntered(ring: UringRing): void {
    const { submissions } = ring;
    this.#reads.takeResults(ring);
    if (submissions.sends === 0) return;
    this.#outbox.takeResults(ring);
    if (submissions.pending === 0) submissions.sends = 0;
  }

  onAllSubmitted(): void {
    this.#outbox.startBatch();
  }

  // OutboxOwner

  onSendFailed(connection: number, code: number): void {
    if (this.#connections.state[connection] === State.leaving) return this.#ends.freeIfDone(connection);
    this.#ends.reset(connection, causeOfErrno(code));
  }

  onQueueEmpty(connection: number): void {
    if (this.#connections.state[connection] === State.closing) this.#ends.finish(connection);
    else this.#drained.push(connection);
  }

  // ReceivingOwner

  onPeerEnded(connection: number): void {
    const { state, hasPeerEnded } = this.#connections;
    hasPeerEnded[connection] = 1;
    if (state[connection] === State.lingering) this.#ends.leave(connection, CloseCause.closed);
    else if (state[connection] === State.open) {
      state[connection] = State.ended;
      this.#handler!.onEnd(connection);
    }
  }

  onReceiveFailed(connection: number, code: number): void {
    this.#ends.leave(connection, causeOfErrno(code));
  }

  onAnswered(connection: number): void {
    this.#ends.freeIfDone(connection);
  }

  onUnwatched(connection: number): void {
    if (this.#connections.hasPeerEnded[connection] === 0) this.#inbox.arm(connection);
  }

  /** Makes entries of all that the kernel is to do; they go with the wait, or at once where a ring is full. */
  #submit(): number {
    this.#outbox.flush();
    const startMs = this.#clock.monotonicMs();
    this.#acceptor.prepare(startMs);
    this.#submitted = this.#rings.pending;
    return startMs;
  }

  /** Hands the entries over and takes what has come; sleeps for it if nothing has. */
  #wait(maxWaitMs: number, startMs: number): void {
    const batchUs = this.#pace.batchUs(startMs);
    this.#reads.prepare(startMs, batchUs / 1000);
    const bringsNew = !this.#rings.isReady;
    this.#rings.turn(this.#waitMs(maxWaitMs, startMs), batchUs);
    this.#ends.finishSubmitted();
    this.#nowMs = this.#clock.monotonicMs();
    if (bringsNew) this.#reads.turned(this.#nowMs);
  }

  /** Tells the handler what has come, for one budget of time. */
  #dispatch(): void {
    this.#takeArrivals();
    const untilMs = this.#nowMs + PASS_BUDGET_MS;
    this.#reads.startPass(this.#nowMs);
    // Who only sends, and whom nobody answers, needn't wake up for each send either.
    this.#pace.count(Math.max(this.#submitted, this.#handle(untilMs)));
    if (this.#reads.isActive) this.#readLess(untilMs);
  }

  /** What the handler caused: answers leave first, so that whoever is closed by an answer's failure is told here too. */
  #finish(startMs: number): void {
    this.#outbox.flush();
    this.#inbox.feedStarved();
    this.#ends.endLingering(startMs);
    this.#tellDrained();
    this.#ends.tell(this.#handler!);
    this.#outbox.flush();
  }

  #waitMs(maxWaitMs: number, nowMs: number): number {
    if (this.#ends.isDue || this.#drained.length > 0 || this.#acceptor.arrivals.length > 0) return 0;
    let waitMs = Math.min(maxWaitMs, 2_000_000_000, this.#reads.mostWaitMs);
    waitMs = Math.min(waitMs, Math.max(0, this.#ends.nextMs - nowMs));
    const { restUntilMs } = this.#acceptor;
    if (restUntilMs > nowMs) waitMs = Math.min(waitMs, restUntilMs - nowMs);
    return waitMs;
  }

  /**
   * Handles what has come until a time; the rest stays where it is for the next call.
   *
   * @returns how many completions it handled
   */
  #handle(untilMs: number): number {
    const { list } = this.#rings;
    this.#firstRing = (this.#firstRing + 1) % list.length;
    let handled = 0;
    let isInTime = true;
    for (let i = 0; i < list.length && isInTime; i++) {
      const ring = list[(this.#firstRing + i) % list.length];
      const { completions } = ring;
      if (completions.unread === 0) continue;
      while (completions.unread !== 0) {
        this.#handleOne(ring, completions.words, completions.take());
        if (++handled % EVENTS_PER_LOOK === 0 && this.#clock.monotonicMs() >= untilMs) {
          isInTime = false;
          break;
        }
      }
      ring.giveBack();
    }
    return handled;
  }

  /** The part of a pass in which the engine chooses whom it reads. */
  #readLess(untilMs: number): void {
    this.#reads.readChosen();
    const isLeaving = this.#reads.startLeaving();
    if (isLeaving) {
      // What the budget didn't reach is left, and what has come meanwhile, so that the next pass has what is new.
      do this.#handle(Infinity); while (this.#fetchMore());
    }
    this.#reads.readOld(untilMs);
    // The answers to those reads are known; with them out of the way the next turn brings what is new.
    this.#handle(isLeaving ? Infinity : untilMs);
  }

  #fetchMore(): boolean {
    if (this.#rings.isDry) return false;
    const hasMore = this.#rings.fetch();
    this.#reads.fetched();
    return hasMore;
  }

  #handleOne(ring: UringRing, words: Int32Array, at: number): void {
    const data = words[at];
    const note = words[at + 1];
    const result = words[at + 2];
    const kind = kindOf(data);
    const connection = connectionOf(data);
    if (kind === Kind.receive) return this.#inbox.received(ring, connection, note, result, words[at + 3]);
    switch (kind) {
      case Kind.send:
      case Kind.queueSend:
      case Kind.read: // looked at when they came
      case Kind.ignored:
        return;
      case Kind.pollEvent:
        return this.#reads.pollEvent(connection, note, result, words[at + 3]);
      case Kind.acceptReady:
        return this.#acceptor.acceptReady();
      case Kind.wake:
        return this.#rings.woken();
      case Kind.receiveLarge:
        return this.#inbox.receivedLarge(ring, connection, note, result, words[at + 3]);
      case Kind.accept:
        return this.#accepted(connection, note, result);
    }
    if (!this.#connections.isOurs(connection, note)) return;
    this.#connections.inFlight[connection]--;
    if (this.#connections.state[connection] === State.leaving) return this.#ends.freeIfDone(connection);
    if (kind === Kind.connect) this.#connected(connection, result);
    else if (kind === Kind.writable) this.#outbox.sendQueued(connection);
    else assert(kind === Kind.shutdown, "a completion is of a known kind");
  }

  #takeArrivals(): void {
    const { arrivals } = this.#acceptor;
    if (arrivals.length === 0) return;
    for (const connection of arrivals) this.#arrived(connection);
    arrivals.length = 0;
  }

  #accepted(connection: number, note: number, result: number): void {
    if (this.#acceptor.answered(connection, note, result, this.#nowMs)) this.#arrived(connection);
  }

  #arrived(connection: number): void {
    this.#connections.start(connection, State.open);
    this.#inbox.arm(connection);
    this.#handler!.onAccept(connection);
  }

  #connected(connection: number, result: number): void {
    if (result < 0) return this.#ends.leave(connection, causeOfErrno(-result));
    this.#connections.state[connection] = State.open;
    this.#inbox.arm(connection);
    this.#handler!.onConnect(connection);
  }

  #tellDrained(): void {
    if (this.#drained.length === 0) return;
    const drained = this.#drained;
    this.#drained = [];
    for (const connection of drained) {
      if (this.#connections.isSending(connection)) this.#handler!.onDrain(connection);
    }
  }
}
