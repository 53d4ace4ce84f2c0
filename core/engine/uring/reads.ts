import type { Clock } from "../../base/clock.ts";
import type { EngineHandler, EngineStats } from "../common/engine.ts";
import { EAGAIN, ECANCELED, EINTR } from "../../os/posix.ts";
import { ReadScheduler } from "../common/read_scheduler.ts";
import { CQE_MORE, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLRDHUP } from "./ring/abi.ts";
import { State, type UringConnections, Watch } from "./connections.ts";
import type { ReceivingOwner } from "./inbox.ts";
import { READ_BYTES, ReadBatch } from "./ring/read_batch.ts";
import type { UringRing } from "./ring/ring.ts";
import type { Rings } from "./ring/rings.ts";
import { Kind } from "./ring/user_data.ts";

/** How long an enter takes at most for waking up, and for each entry that it submits. */
const WAKE_MS = 0.05;
const ENTRY_MS = 0.02;
/** So long after the last budget watched connections stay watched: going back and forth costs more than staying. */
const CALM_MS = 2_000;

/**
 * Reading less on io_uring; see {@linkcode ReadControl}, and `docs/design/011-reading-less-on-uring.md`. An armed receive
 * reads before anybody can leave anything. So with a budget the kernel has no buffers: a receive that something comes for
 * ends without reading it, and its connection is watched from then on. Each piece of news costs a fifth of a
 * microsecond, whoever is read is chosen here, and without a budget their receive is armed again.
 */
export class UringReads {
  readonly control: ReadScheduler;
  readonly #rings: Rings;
  readonly #connections: UringConnections;
  readonly #clock: Clock;
  readonly #owner: ReceivingOwner;
  readonly #batch: ReadBatch;
  /** Connections with more to read than one read took, or with an end behind it. */
  #again: number[] = [];
  #handler: EngineHandler | undefined;
  #isReadingLess = false;
  /** From when on receives are armed again for those who are read. */
  #calmAtMs = 0;
  #isLeaving = false;
  #nowMs = 0;
  /** When the kernel had nothing further. What came in the present pass, came after `control.sinceMs`. */
  #drainedMs = 0;
  /** Of the turn: whether something was there before it, when it began, and how long it goes on once something comes. */
  #hadNews = false;
  #startMs = 0;
  #gatherMs = 0;

  constructor(
    rings: Rings,
    connections: UringConnections,
    stats: EngineStats,
    clock: Clock,
    owner: ReceivingOwner,
  ) {
    this.#rings = rings;
    this.#connections = connections;
    this.#clock = clock;
    this.#owner = owner;
    this.#batch = new ReadBatch(rings);
    this.control = new ReadScheduler(
      connections.state.length,
      stats,
      (connection) => connections.isSending(connection),
      (connection) => this.#cancelReceive(connection),
    );
  }

  attach(handler: EngineHandler): void {
    this.#handler = handler;
  }

  /** Whether the kernel is to tell of what comes for a connection, instead of reading it. */
  shouldWatch(connection: number): boolean {
    return this.#isReadingLess || this.control.isResting(connection);
  }

  watch(connection: number): void {
    const { inFlight, watch, generation } = this.#connections;
    inFlight[connection]++;
    watch[connection] = Watch.on;
    this.#rings.to(connection).watch(connection, generation[connection]);
  }

  /** The connection is gone. */
  forget(connection: number): void {
    this.control.forget(connection);
  }

  /** How long the engine may sleep. */
  get mostWaitMs(): number {
    return this.control.hasUnread || this.#again.length > 0 ? 0 : this.control.lookMs;
  }

  /**
   * Before a turn: sees to it that what has a budget is not read by the kernel.
   *
   * @param batchMs how long the turn may wait for more once something has come
   */
  prepare(nowMs: number, batchMs: number): void {
    this.#hadNews = this.#rings.hasKernelWork;
    this.#startMs = nowMs;
    this.#gatherMs = WAKE_MS + this.#rings.pending * ENTRY_MS + batchMs;
    const isWanted = this.control.isLimited;
    if (isWanted !== this.#isReadingLess && this.#rings.setReceiving(!isWanted)) {
      this.#isReadingLess = isWanted;
    }
  }

  /** After a turn that was to bring what is new. */
  turned(nowMs: number): void {
    // If nothing was there when it began, it slept until something came, and then took a while at most.
    const sinceMs = Math.max(this.#startMs, nowMs - this.#gatherMs);
    this.control.sinceMs = this.#hadNews ? this.#drainedMs : sinceMs;
    if (this.#rings.isDry) this.#drainedMs = nowMs;
  }

  startPass(nowMs: number): void {
    this.#nowMs = nowMs;
    this.control.startPass(nowMs);
    this.#isLeaving = false;
    if (this.#isReadingLess) this.#calmAtMs = nowMs + CALM_MS;
    if (this.#again.length > 0) this.#readAgain();
  }

  /** A watched connection has news, or isn't watched any more. */
  pollEvent(connection: number, generation: number, events: number, flags: number): void {
    if (!this.#connections.isOurs(connection, generation)) return;
    const { state, inFlight, watch } = this.#connections;
    if (events > 0 && state[connection] !== State.leaving) this.#hear(connection, events);
    if ((flags & CQE_MORE) !== 0) return;
    // What is chosen is read before a receive is armed, or the order of its bytes would be lost.
    this.readChosen();
    inFlight[connection]--;
    watch[connection] = Watch.none;
    if (state[connection] === State.leaving) this.#owner.onAnswered(connection);
    else if (events < 0 && events !== -ECANCELED) this.#owner.onReceiveFailed(connection, -events);
    else this.#owner.onUnwatched(connection);
  }

  /** After an enter, of which the answers to reads are taken. */
  takeResults(ring: UringRing): void {
    this.#batch.takeResults(ring);
  }

  /** Whether a pass has more to do than to receive. */
  get isActive(): boolean {
    return this.#isReadingLess || this.#batch.size > 0 || this.control.unread > 0;
  }

  /** Reads those who were chosen, and tells what they sent. */
  readChosen(): void {
    const batch = this.#batch;
    if (batch.size === 0) return;
    batch.read();
    for (let place = 0; place < batch.size; place++) this.#tell(place);
    batch.size = 0;
    this.control.leftMs = this.control.lastLeftMs = 0;
  }

  /** With a budget, nothing more is read in this pass on account of its news. False without one. */
  startLeaving(): boolean {
    this.#isLeaving = this.#isReadingLess && this.control.isLimited;
    return this.#isLeaving;
  }

  /** What came during the pass is in. */
  fetched(): void {
    this.control.sinceMs = this.#drainedMs;
    this.#nowMs = this.#clock.monotonicMs();
    this.control.advance(this.#nowMs);
    if (this.#rings.isDry) this.#drainedMs = this.#nowMs;
  }

  /** Reads of those who were left unread. */
  readOld(untilMs: number): void {
    const { control } = this;
    control.startOld();
    let isInTime = this.#clock.monotonicMs() < untilMs;
    for (let c = control.nextOld(isInTime); c >= 0; c = control.nextOld(isInTime)) {
      // One that isn't watched any more has a receive armed, which reads it.
      if (this.#connections.watch[c] !== Watch.none) this.#choose(c, 0);
      if (this.#batch.size === 0) isInTime = this.#clock.monotonicMs() < untilMs;
    }
    this.readChosen();
  }

  /** A connection begins to rest: nothing is to read it. */
  #cancelReceive(connection: number): void {
    const { watch, generation } = this.#connections;
    if (watch[connection] !== Watch.none) return;
    const armed = this.#connections.armedKind(connection);
    this.#rings.to(connection).cancel(connection, generation[connection], armed);
  }

  #readAgain(): void {
    const again = this.#again;
    this.#again = [];
    const { state, watch } = this.#connections;
    for (const connection of again) {
      // Freed meanwhile, it is another's or nobody's: one look too many does no harm.
      if (state[connection] === State.open && watch[connection] !== Watch.none) {
        this.#hear(connection, EPOLLIN);
      }
    }
  }

  #hear(connection: number, events: number): void {
    const { control } = this;
    if (control.isResting(connection)) {
      if ((events & (EPOLLERR | EPOLLHUP)) === 0) return control.ignore();
      control.wake(connection); // it is over
    }
    const isPlain = events === EPOLLIN && this.#connections.state[connection] === State.open;
    if (isPlain && (this.#isLeaving || control.isSpent)) return control.leave(connection);
    control.choose(connection);
    this.#choose(connection, events);
  }

  /** Whoever was chosen is read with the next batch. */
  #choose(connection: number, events: number): void {
    this.#batch.add(connection, events, this.control.leftMs, this.control.lastLeftMs);
    if (this.#batch.isFull) this.readChosen();
  }

  #tell(place: number): void {
    const { results, events, leftMs, lastLeftMs } = this.#batch;
    const connection = this.#batch.connection[place];
    const result = results[place];
    const { state, hasPeerEnded } = this.#connections;
    if (state[connection] === State.leaving) return;
    if (result < 0 && !isForNow(-result)) return this.#owner.onReceiveFailed(connection, -result);
    if (result === 0 && hasPeerEnded[connection] === 0) this.#owner.onPeerEnded(connection);
    // A connection that this side has closed is read only so that the kernel doesn't reset it.
    if (result > 0 && state[connection] === State.open) {
      // The kernel tells of a change once: what one read can't take is looked for again.
      if (result === READ_BYTES || (events[place] & EPOLLRDHUP) !== 0) this.#again.push(connection);
      this.control.leftMs = leftMs[place];
      this.control.lastLeftMs = lastLeftMs[place];
      const start = this.#batch.startOf(place);
      this.#handler!.onBytes(connection, start, start + result);
    }
    if (this.#nowMs >= this.#calmAtMs && !this.control.isResting(connection)) this.#unwatch(connection);
  }

  /** Ends the watching; then the connection's receive is armed. */
  #unwatch(connection: number): void {
    const { state, watch, generation } = this.#connections;
    if (state[connection] === State.leaving || watch[connection] !== Watch.on) return;
    watch[connection] = Watch.ending;
    this.#rings.to(connection).cancel(connection, generation[connection], Kind.pollEvent);
  }
}

/** Nothing is there, which is no fault. */
function isForNow(code: number): boolean {
  return code === EAGAIN || code === EINTR;
}
