import { assert } from "../../base/assert.ts";
import type { Waker } from "../../threads/waker.ts";
import type { Clock } from "../../base/clock.ts";
import { causeOfErrno } from "../common/cause.ts";
import { openDialSocket } from "../common/dial_socket.ts";
import {
  AcceptMode,
  type Area,
  CloseCause,
  DEFAULT_QUEUE_BYTES,
  type DialTarget,
  emptyStats,
  type Engine,
  type EngineOptions,
  type Listener,
  PASS_BUDGET_MS,
} from "../common/engine.ts";
import { resetAtClose, socketError, startConnect } from "./sockets.ts";
import { Lifecycle, State } from "../common/lifecycle.ts";
import { EpollAcceptor, LISTENER_TAG } from "./acceptor.ts";
import {
  BATCH,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  EpollSet,
  FIRST_TAG,
} from "./epoll_set.ts";
import { GatheredSends, SENT, WAITS } from "./gathered_sends.ts";
import * as posix from "../../os/posix.ts";
import { errno, libc, mapMemory, type MappedArea } from "../../os/posix.ts";
import { ReadScheduler } from "../common/read_scheduler.ts";

const INPUT_BYTES = 16 * 1024;
/** How many events are handled between two looks at the clock. */
const EVENTS_PER_LOOK = 32;
/** A wait that took longer found nobody waiting: what came, came just now. */
const ASLEEP_MS = 0.05;

/**
 * What an open connection is watched for. By edge: every event says that something has come since the last one, so that
 * what is left unread is never told of again, and a read doesn't cost a second look by the kernel.
 */
const READING = EPOLLIN | EPOLLRDHUP | EPOLLET;

const WAKE_TAG = FIRST_TAG + 1;

/** Readiness through epoll(7): edge-triggered, batches of 1,024 events, one receive and one send a connection. */
export class EpollEngine extends Lifecycle implements Engine {
  readonly name = "epoll";
  readonly maxReadBytes = INPUT_BYTES;
  readonly input: Area;
  readonly stats = emptyStats();
  readonly reads: ReadScheduler;

  readonly #clock: Clock;
  readonly #waker: Waker;
  readonly #set: EpollSet;
  readonly #sends: GatheredSends;
  readonly #c = libc();
  readonly #inputMemory: MappedArea;
  readonly #acceptor: EpollAcceptor;
  readonly #wakeCount = new Uint8Array(8);

  /** By connection. */
  readonly #fd: Int32Array;

  /** Connections with more to read than one receive took. */
  #again: number[] = [];
  /** When the kernel had no further events; what came in the present ones, came after `#sinceMs`. */
  #drainedMs = 0;
  #sinceMs = 0;

  readonly #wake: number;
  /** Events of the last epoll_wait that are not handled yet. */
  #eventAt = 0;
  #eventCount = 0;

  constructor(options: EngineOptions) {
    super(options);
    this.#clock = options.clock;
    this.#waker = options.waker;
    this.#set = new EpollSet(options.capacity);
    this.#acceptor = new EpollAcceptor(this.#set, this.slots, this.stats, options.clock);
    this.#sends = new GatheredSends(options.queueBytes ?? DEFAULT_QUEUE_BYTES, this.stats);
    this.reads = new ReadScheduler(options.capacity, this.stats, (connection) => this.#isUp(connection));
    this.#fd = new Int32Array(options.capacity).fill(-1);
    this.input = this.#inputMemory = mapMemory(INPUT_BYTES);
    this.#wake = this.#c.eventfd(0, posix.EFD_NONBLOCK | posix.EFD_CLOEXEC);
    assert(this.#wake >= 0, "an eventfd can be had");
    this.#set.addTag(WAKE_TAG, this.#wake, EPOLLIN);
    this.#waker.useDescriptor(this.#wake);
  }

  get output(): Area {
    return this.#sends.output;
  }

  listen(listener: Listener): number {
    assert(listener.kind === "descriptor", "epoll listens on a shared descriptor");
    this.#acceptor.listen(listener.fd);
    this.setAccepting(AcceptMode.open);
    return listener.port;
  }

  setAccepting(mode: AcceptMode, most = Infinity): void {
    this.#acceptor.mode = mode;
    this.#acceptor.acceptsLeft = most;
  }

  dial(target: DialTarget): number {
    const connection = this.startDial(target.address);
    if (connection < 0) return -1;
    const fd = openDialSocket(target, posix.SOCK_NONBLOCK);
    if (fd < 0) {
      this.end(connection, causeOfErrno(-fd));
      return connection;
    }
    this.#fd[connection] = fd;
    const code = startConnect(fd, target);
    if (code !== 0) this.end(connection, causeOfErrno(code));
    else this.#add(connection, EPOLLOUT);
    return connection;
  }

  reserve(connection: number, size: number): number {
    if (this.#sends.mustSendBefore(connection, size)) this.#flush();
    return this.#sends.reserve(connection, size);
  }

  commit(connection: number, size: number): void {
    this.#sends.commit(connection, size);
  }

  close(connection: number): void {
    const state = this.state[connection];
    if (state === State.dialing) return this.end(connection, CloseCause.closed);
    if (state !== State.open && state !== State.ended) return;
    if (connection === this.#sends.connection) this.#flush();
    if (this.state[connection] === State.broken) return;
    this.startClosing(connection, this.#clock.monotonicMs());
    if (this.#sends.queuedBytes(connection) === 0) this.#endSending(connection, state === State.ended);
    else this.#watch(connection, EPOLLOUT);
  }

  abort(connection: number): void {
    const state = this.state[connection];
    if (state === State.free || state === State.broken) return;
    if (this.#fd[connection] >= 0) resetAtClose(this.#fd[connection]);
    this.end(connection, CloseCause.aborted);
  }

  queuedBytes(connection: number): number {
    return this.#sends.queuedBytes(connection);
  }

  poll(maxWaitMs: number): void {
    const startMs = this.#submit();
    if (this.#eventAt === this.#eventCount) this.#wait(maxWaitMs, startMs);
    this.handler!.onWake();
    this.#dispatch();
    this.#finish(startMs);
  }

  shutdown(): void {
    this.#waker.useDescriptor(0); // its number may soon be another file's
    for (let i = 0; i < this.capacity; i++) if (this.#fd[i] >= 0) this.#c.close(this.#fd[i]);
    this.#fd.fill(-1);
    this.#c.close(this.#wake);
    this.#set.close();
    this.#sends.unmap();
    this.#acceptor.unmap();
    this.#inputMemory.unmap();
  }

  #submit(): number {
    this.#flush();
    const startMs = this.#clock.monotonicMs();
    this.#acceptor.arm(startMs);
    return startMs;
  }

  /** What the handler caused: answers leave first, so that whoever is closed by an answer's failure is told here too. */
  #finish(startMs: number): void {
    this.#flush();
    this.endLingering(startMs);
    this.tellEnds();
    this.#flush();
  }

  #isUp(connection: number): boolean {
    return this.state[connection] === State.open || this.state[connection] === State.ended;
  }

  #wait(maxWaitMs: number, nowMs: number): void {
    let waitMs = this.hasEnds ? 0 : Math.min(maxWaitMs, 2_000_000_000);
    waitMs = Math.min(waitMs, Math.max(0, this.nextLingerMs - nowMs));
    const { restUntilMs } = this.#acceptor;
    if (restUntilMs > nowMs) waitMs = Math.min(waitMs, restUntilMs - nowMs);
    if (this.#again.length > 0 || this.reads.hasUnread) waitMs = 0;
    waitMs = Math.min(waitMs, this.reads.lookMs);
    if (waitMs > 0 && !this.#waker.maySleep()) waitMs = 0;
    this.#eventCount = this.#set.wait(waitMs);
    this.#eventAt = 0;
    this.#waker.awake();
    const wokenMs = this.#clock.monotonicMs();
    this.#sinceMs = waitMs > 0 && wokenMs - nowMs > ASLEEP_MS ? wokenMs : this.#drainedMs;
    if (this.#eventCount < BATCH) this.#drainedMs = wokenMs;
  }

  /** What came is handled for one budget; the rest waits in the events for the next call, or is left unread. */
  #dispatch(): void {
    const { reads } = this;
    const untilMs = this.#clock.monotonicMs() + PASS_BUDGET_MS;
    reads.startPass(this.#drainedMs);
    if (this.#again.length > 0) this.#receiveAgain();
    let handled = 0;
    while (this.#eventAt < this.#eventCount && !reads.isSpent) {
      this.#handleEvent(this.#eventAt++);
      if (++handled % EVENTS_PER_LOOK === 0 && this.#clock.monotonicMs() >= untilMs) break;
    }
    if (reads.isLimited) this.#leaveRest();
    if (reads.unread > 0) this.#readOld(untilMs);
  }

  /** Leaves unread what the budget didn't reach, and what has come meanwhile, so that the next pass has what is new. */
  #leaveRest(): void {
    for (;;) {
      while (this.#eventAt < this.#eventCount) this.#leave(this.#eventAt++);
      if (this.#eventCount < BATCH) return;
      this.#wait(0, this.#drainedMs);
      this.reads.advance(this.#drainedMs);
    }
  }

  #leave(event: number): void {
    const connection = this.#set.connectionAt(event);
    const isPlain = (this.#set.flagsAt(event) & ~EPOLLIN) === 0 && connection < FIRST_TAG &&
      this.state[connection] === State.open &&
      this.#set.generationAt(event) === this.slots.generation[connection];
    if (isPlain) this.reads.leave(connection);
    else this.#handleEvent(event);
  }

  #readOld(untilMs: number): void {
    const { reads } = this;
    reads.startOld();
    let isInTime = this.#clock.monotonicMs() < untilMs;
    let looked = 0;
    for (let c = reads.nextOld(isInTime); c >= 0; c = reads.nextOld(isInTime)) {
      this.#receive(c);
      if (++looked % EVENTS_PER_LOOK === 0) isInTime = this.#clock.monotonicMs() < untilMs;
    }
  }

  #receiveAgain(): void {
    const again = this.#again;
    this.#again = [];
    for (const connection of again) {
      // Freed meanwhile, it is another's or nobody's: one look too many does no harm.
      if (this.state[connection] !== State.open) continue;
      this.reads.chooseAgain();
      this.#receive(connection);
    }
  }

  #handleEvent(event: number): void {
    const events = this.#set.flagsAt(event);
    const connection = this.#set.connectionAt(event);
    if (connection >= FIRST_TAG) {
      if (connection === LISTENER_TAG) this.#acceptor.accept(this.#accepted);
      else this.#c.read(this.#wake, this.#wakeCount, 8);
      return;
    }
    if (this.#set.generationAt(event) !== this.slots.generation[connection]) {
      this.stats.staleEvents++;
      return;
    }
    switch (this.state[connection]) {
      case State.dialing:
        this.#connected(connection);
        return;
      case State.free:
      case State.broken:
        return;
    }
    if ((events & EPOLLOUT) !== 0) this.#sendWaiting(connection);
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)) === 0) return;
    if (this.reads.isResting(connection) && (events & (EPOLLERR | EPOLLHUP)) === 0) {
      return this.reads.ignore();
    }
    this.reads.choose(connection);
    this.#receive(connection);
    if ((events & EPOLLRDHUP) !== 0 && this.state[connection] === State.open) this.#again.push(connection);
  }

  /** Reads once, whoever was chosen. */
  #receive(connection: number): void {
    const state = this.state[connection];
    if (state === State.broken || state === State.free) return;
    const fd = this.#fd[connection];
    const size = this.#c.recv(fd, this.#inputMemory.pointer, INPUT_BYTES, posix.MSG_DONTWAIT);
    if (size > 0) {
      // A connection that this side has closed is read only so that the kernel doesn't reset it.
      if (state !== State.open) return;
      // The kernel tells of an edge once: what one receive can't take is looked for again.
      if (size === INPUT_BYTES) this.#again.push(connection);
      this.reads.sinceMs = this.#sinceMs;
      this.handler!.onBytes(connection, 0, size);
      if (connection === this.#sends.connection) this.#flush();
    } else if (size === 0) {
      if (state === State.lingering) this.end(connection, CloseCause.closed);
      else if (state === State.open) {
        this.state[connection] = State.ended;
        this.#watch(connection, this.#set.interestOf(connection) & ~READING);
        this.handler!.onEnd(connection);
      } else if ((this.#set.interestOf(connection) & EPOLLIN) !== 0) {
        this.#watch(connection, this.#set.interestOf(connection) & ~READING);
      } else this.end(connection, CloseCause.reset); // hung up both ways while we still had to send
    } else {
      const code = errno();
      if (code !== posix.EAGAIN && code !== posix.EINTR) this.end(connection, causeOfErrno(code));
    }
  }

  #connected(connection: number): void {
    const code = socketError(this.#fd[connection]);
    if (code !== 0) return this.end(connection, causeOfErrno(code));
    this.state[connection] = State.open;
    this.#watch(connection, READING);
    this.handler!.onConnect(connection);
    if (connection === this.#sends.connection) this.#flush();
  }

  readonly #accepted = (fd: number, peerAddress: number): void => {
    const connection = this.startAccepted(peerAddress);
    this.#fd[connection] = fd;
    this.#add(connection, READING);
    this.handler!.onAccept(connection);
  };

  /** Sends what was gathered for one connection; what the kernel doesn't take waits in its queue. */
  #flush(): void {
    const { connection } = this.#sends;
    if (connection < 0) return;
    const state = this.state[connection];
    if (state !== State.open && state !== State.ended) return this.#sends.drop();
    const result = this.#sends.send(this.#fd[connection]);
    if (result === SENT) return;
    if (result < 0) return this.end(connection, causeOfErrno(-result));
    this.#watch(connection, this.#set.interestOf(connection) | EPOLLOUT);
  }

  #sendWaiting(connection: number): void {
    this.#flush();
    const result = this.#sends.sendWaiting(connection, this.#fd[connection]);
    if (result === WAITS) return; // the kernel tells when it has room again
    if (result < 0) return this.end(connection, causeOfErrno(-result));
    if (this.state[connection] === State.closing) return this.#endSending(connection, false);
    this.#watch(connection, this.#set.interestOf(connection) & ~EPOLLOUT);
    this.handler!.onDrain(connection);
  }

  /** Everything is sent: says so to the peer, and reads on until it ends too. */
  #endSending(connection: number, hasPeerEnded: boolean): void {
    if (hasPeerEnded) return this.end(connection, CloseCause.closed);
    this.#c.shutdown(this.#fd[connection], posix.SHUT_WR);
    this.state[connection] = State.lingering;
    // It is watched by level from here on: left unread, it would wake every wait.
    this.reads.wake(connection);
    this.#watch(connection, EPOLLIN);
  }

  /** Gives the descriptor back now; the handler is told, and the number freed, at the end of the poll. */
  protected end(connection: number, cause: CloseCause): void {
    if (!this.markBroken(connection, cause)) return;
    this.#set.forget(connection);
    this.reads.forget(connection);
    if (this.#fd[connection] >= 0) this.#c.close(this.#fd[connection]);
    this.#fd[connection] = -1;
    this.#sends.forget(connection);
    this.noteEnd(connection);
  }

  #add(connection: number, interest: number): void {
    this.#set.add(connection, this.#fd[connection], this.slots.generation[connection], interest);
  }

  #watch(connection: number, interest: number): void {
    this.#set.change(connection, this.#fd[connection], this.slots.generation[connection], interest);
  }
}
