import { assert } from "../../base/assert.ts";
import type { Bell } from "../../threads/bell.ts";
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
  type EngineHandler,
  type EngineOptions,
  LINGER_MS,
  type Listener,
  PASS_BUDGET_MS,
} from "../common/engine.ts";
import {
  BATCH,
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  EpollSet,
  FIRST_TAG,
} from "./epoll_set.ts";
import { GatheredSends, SENT, WAITS } from "./gathered_sends.ts";
import { Lingering } from "../common/lingering.ts";
import {
  LEAVE_MS,
  openReadControl,
  type OwnReadControl,
  REST_MS,
  SWEEP_SHARE,
} from "../common/read_control.ts";
import * as posix from "../../os/posix.ts";
import { errno, libc, mapMemory, type MappedArea } from "../../os/posix.ts";
import { Slots } from "../common/slots.ts";
import { Unread } from "../common/unread.ts";

const INPUT_BYTES = 16 * 1024;
/** How many events are handled between two looks at the clock. */
const EVENTS_PER_LOOK = 32;
/** Peers taken in one pass, so that a storm of them doesn't hold up those who are in. */
const ACCEPTS_PER_PASS = 128;
/** A wait that took longer found nobody waiting: what came, came just now. */
const ASLEEP_MS = 0.05;
/** After a failed accept for lack of descriptors: how long not to try again. */
const ACCEPT_REST_MS = 50;

/**
 * What an open connection is watched for. By edge: every event says that something has come since the last one, so that
 * what is left unread is never told of again, and a read doesn't cost a second look by the kernel.
 */
const READING = EPOLLIN | EPOLLRDHUP | EPOLLET;

const LISTENER_TAG = FIRST_TAG;
const WAKE_TAG = FIRST_TAG + 1;

const State = { free: 0, dialing: 1, open: 2, ended: 3, closing: 4, lingering: 5, broken: 6 } as const;

/** Readiness through epoll(7): edge-triggered, batches of 1,024 events, one receive and one send a connection. */
export class EpollEngine implements Engine {
  readonly name = "epoll";
  readonly capacity: number;
  readonly peerAddress: Uint32Array;
  readonly maxReadBytes = INPUT_BYTES;
  readonly input: Area;
  readonly stats = emptyStats();
  readonly reads: OwnReadControl;

  readonly #slots: Slots;
  readonly #clock: Clock;
  readonly #bell: Bell;
  readonly #set: EpollSet;
  readonly #sends: GatheredSends;
  readonly #c = libc();
  readonly #inputMemory: MappedArea;
  readonly #peer = new Uint8Array(16);
  readonly #peerView = new DataView(this.#peer.buffer);
  readonly #peerLength = new Uint32Array([16]);
  readonly #peerLengthBytes = new Uint8Array(this.#peerLength.buffer);
  readonly #wakeCount = new Uint8Array(8);

  /** By connection. */
  readonly #fd: Int32Array;
  readonly #state: Uint8Array;
  readonly #cause: Uint8Array;

  /** Left unread for lack of a budget, and those that rest. */
  readonly #unread: Unread;
  readonly #resting: Unread;
  /** Connections with more to read than one receive took. */
  #again: number[] = [];
  /** When the kernel had no further events; what came in the present ones, came after `#sinceMs`. */
  #drainedMs = 0;
  #sinceMs = 0;
  #readsLeft = Infinity;

  /** Connections whose end must still be told, since handlers are called from `poll` only. */
  #ends: number[] = [];
  /** Connections closed by this side, until they are gone. */
  readonly #lingering: Lingering;

  #handler: EngineHandler | undefined;
  readonly #wake: number;
  #listenFd = -1;
  #isListenerArmed = false;
  #acceptMode: AcceptMode = AcceptMode.paused;
  #acceptsLeft = Infinity;
  #acceptRestUntilMs = 0;
  /** Events of the last epoll_wait that are not handled yet. */
  #eventAt = 0;
  #eventCount = 0;

  constructor(options: EngineOptions) {
    this.capacity = options.capacity;
    this.#slots = new Slots(options.capacity);
    this.#clock = options.clock;
    this.#bell = options.bell;
    this.#set = new EpollSet(options.capacity);
    this.#sends = new GatheredSends(options.queueBytes ?? DEFAULT_QUEUE_BYTES, this.stats);
    this.#lingering = new Lingering(options.lingerMs ?? LINGER_MS, this.#slots.generation);
    const unread = this.#unread = new Unread(options.capacity, LEAVE_MS);
    const resting = this.#resting = new Unread(options.capacity, REST_MS);
    this.reads = openReadControl(
      unread,
      resting,
      (connection, isForGood) => resting.add(connection, isForGood === true ? Infinity : this.#drainedMs),
    );
    this.peerAddress = new Uint32Array(options.capacity);
    this.#fd = new Int32Array(options.capacity).fill(-1);
    this.#state = new Uint8Array(options.capacity);
    this.#cause = new Uint8Array(options.capacity);
    this.input = this.#inputMemory = mapMemory(INPUT_BYTES);
    this.#wake = this.#c.eventfd(0, posix.EFD_NONBLOCK | posix.EFD_CLOEXEC);
    assert(this.#wake >= 0, "an eventfd can be had");
    this.#set.addTag(WAKE_TAG, this.#wake, EPOLLIN);
    this.#bell.useDescriptor(this.#wake);
  }

  get used(): number {
    return this.#slots.used;
  }

  get generation(): Int32Array {
    return this.#slots.generation;
  }

  get output(): Area {
    return this.#sends.output;
  }

  attach(handler: EngineHandler): void {
    assert(this.#handler === undefined, "an engine has one handler");
    this.#handler = handler;
  }

  listen(listener: Listener): number {
    assert(listener.kind === "descriptor", "epoll listens on a shared descriptor");
    this.#listenFd = listener.fd;
    this.setAccepting(AcceptMode.open);
    return listener.port;
  }

  setAccepting(mode: AcceptMode, most = Infinity): void {
    this.#acceptMode = mode;
    this.#acceptsLeft = most;
  }

  dial(target: DialTarget): number {
    const connection = this.#slots.take();
    if (connection < 0) return -1;
    this.peerAddress[connection] = target.address;
    this.#state[connection] = State.dialing;
    const fd = openDialSocket(target, posix.SOCK_NONBLOCK);
    if (fd < 0) {
      this.#end(connection, causeOfErrno(-fd));
      return connection;
    }
    this.#fd[connection] = fd;
    const result = this.#c.connect(fd, posix.socketAddress(target.address, target.port), 16);
    const code = result === 0 ? 0 : errno();
    if (code !== 0 && code !== posix.EINPROGRESS) this.#end(connection, causeOfErrno(code));
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
    const state = this.#state[connection];
    if (state === State.dialing) return this.#end(connection, CloseCause.closed);
    if (state !== State.open && state !== State.ended) return;
    if (connection === this.#sends.connection) this.#flush();
    if (this.#state[connection] === State.broken) return;
    this.#state[connection] = State.closing;
    this.#lingering.add(connection, this.#clock.monotonicMs());
    if (this.#sends.queuedBytes(connection) === 0) this.#finish(connection, state === State.ended);
    else this.#watch(connection, EPOLLOUT);
  }

  abort(connection: number): void {
    const state = this.#state[connection];
    if (state === State.free || state === State.broken) return;
    if (this.#fd[connection] >= 0) {
      this.#c.setsockopt(this.#fd[connection], posix.SOL_SOCKET, posix.SO_LINGER, LINGER_ZERO, 8);
    }
    this.#end(connection, CloseCause.aborted);
  }

  queuedBytes(connection: number): number {
    return this.#sends.queuedBytes(connection);
  }

  poll(maxWaitMs: number): void {
    this.#flush();
    const startMs = this.#clock.monotonicMs();
    this.#armListener(startMs);
    if (this.#eventAt === this.#eventCount) this.#wait(maxWaitMs, startMs);
    this.#handler!.onWake();
    // What came is handled for one budget; the rest waits in the events for the next call, or is left unread.
    const untilMs = this.#clock.monotonicMs() + PASS_BUDGET_MS;
    this.#readsLeft = this.reads.budget;
    const sweep = Math.ceil(this.#readsLeft * SWEEP_SHARE);
    if (this.#again.length > 0) this.#receiveAgain();
    let handled = 0;
    while (this.#eventAt < this.#eventCount && this.#readsLeft > 0) {
      this.#handleEvent(this.#eventAt++);
      if (++handled % EVENTS_PER_LOOK === 0 && this.#clock.monotonicMs() >= untilMs) break;
    }
    if (this.reads.budget !== Infinity) this.#leaveRest();
    if (this.reads.unread > 0) this.#readOld(sweep, untilMs);
    this.#flush();
    this.#endLingering(startMs);
    this.#tellEnds();
    this.#flush();
  }

  shutdown(): void {
    this.#bell.useDescriptor(0); // its number may soon be another file's
    for (let i = 0; i < this.capacity; i++) if (this.#fd[i] >= 0) this.#c.close(this.#fd[i]);
    this.#fd.fill(-1);
    this.#c.close(this.#wake);
    this.#set.close();
    this.#sends.unmap();
    this.#inputMemory.unmap();
  }

  #wait(maxWaitMs: number, nowMs: number): void {
    let waitMs = this.#ends.length > 0 ? 0 : Math.min(maxWaitMs, 2_000_000_000);
    waitMs = Math.min(waitMs, Math.max(0, this.#lingering.nextMs - nowMs));
    if (this.#acceptRestUntilMs > nowMs) waitMs = Math.min(waitMs, this.#acceptRestUntilMs - nowMs);
    if (this.#again.length > 0 || this.#unread.size > 0) waitMs = 0;
    waitMs = Math.min(waitMs, this.#resting.lookMs);
    if (waitMs > 0 && !this.#bell.maySleep()) waitMs = 0;
    this.#eventCount = this.#set.wait(waitMs);
    this.#eventAt = 0;
    this.#bell.awake();
    const wokenMs = this.#clock.monotonicMs();
    this.#sinceMs = waitMs > 0 && wokenMs - nowMs > ASLEEP_MS ? wokenMs : this.#drainedMs;
    if (this.#eventCount < BATCH) this.#drainedMs = wokenMs;
  }

  /** Leaves unread what the budget didn't reach, and what has come meanwhile, so that the next pass has what is new. */
  #leaveRest(): void {
    for (;;) {
      while (this.#eventAt < this.#eventCount) this.#leave(this.#eventAt++);
      if (this.#eventCount < BATCH) return;
      this.#wait(0, this.#drainedMs);
    }
  }

  #leave(event: number): void {
    const connection = this.#set.connectionAt(event);
    const isPlain = (this.#set.flagsAt(event) & ~EPOLLIN) === 0 && connection < FIRST_TAG &&
      this.#state[connection] === State.open &&
      this.#set.generationAt(event) === this.#slots.generation[connection];
    if (!isPlain) return this.#handleEvent(event);
    this.stats.leftUnread++;
    this.#unread.add(connection, this.#drainedMs);
  }

  /**
   * Reads what was left unread. With a budget, those over their time have a part of it; what else is left of the budget
   * goes to those that were left last, which are worth most.
   */
  #readOld(most: number, untilMs: number): void {
    const nowMs = this.#drainedMs;
    const unread = this.#unread;
    for (let c = this.#resting.next(nowMs); c >= 0; c = this.#resting.next(nowMs)) {
      this.#resting.remove(c);
      unread.add(c, nowMs - REST_MS);
    }
    const isAll = this.reads.budget === Infinity;
    for (let reads = 1; unread.size > 0; reads++) {
      let connection = isAll ? unread.next(Infinity) : reads <= most ? unread.next(nowMs) : -1;
      if (connection < 0 && this.#readsLeft > 0) connection = unread.last();
      if (connection < 0) return;
      const leftMs = unread.remove(connection);
      this.#receive(connection, leftMs, leftMs);
      if (reads % EVENTS_PER_LOOK === 0 && this.#clock.monotonicMs() >= untilMs) return;
    }
  }

  #receiveAgain(): void {
    const again = this.#again;
    this.#again = [];
    for (const connection of again) {
      // Freed meanwhile, it is another's or nobody's: one look too many does no harm.
      if (this.#state[connection] === State.open) this.#receive(connection, 0, 0);
    }
  }

  #handleEvent(event: number): void {
    const events = this.#set.flagsAt(event);
    const connection = this.#set.connectionAt(event);
    if (connection >= FIRST_TAG) {
      if (connection === LISTENER_TAG) this.#accept();
      else this.#c.read(this.#wake, this.#wakeCount, 8);
      return;
    }
    if (this.#set.generationAt(event) !== this.#slots.generation[connection]) {
      this.stats.staleEvents++;
      return;
    }
    switch (this.#state[connection]) {
      case State.dialing:
        this.#connected(connection);
        return;
      case State.free:
      case State.broken:
        return;
    }
    if ((events & EPOLLOUT) !== 0) this.#sendWaiting(connection);
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)) === 0) return;
    if (this.#resting.has(connection) && (events & (EPOLLERR | EPOLLHUP)) === 0) {
      this.stats.leftUnread++;
      return;
    }
    // What was left before is old; what this event tells of is not.
    this.#receive(connection, this.#unread.remove(connection), 0);
    if ((events & EPOLLRDHUP) !== 0 && this.#state[connection] === State.open) this.#again.push(connection);
  }

  /** Reads once; see {@linkcode ReadControl} for the times. */
  #receive(connection: number, leftMs: number, lastLeftMs: number): void {
    const state = this.#state[connection];
    if (state === State.broken || state === State.free) return;
    const fd = this.#fd[connection];
    const size = this.#c.recv(fd, this.#inputMemory.pointer, INPUT_BYTES, posix.MSG_DONTWAIT);
    this.#readsLeft--;
    if (size > 0) {
      // A connection that this side has closed is read only so that the kernel doesn't reset it.
      if (state !== State.open) return;
      // The kernel tells of an edge once: what one receive can't take is looked for again.
      if (size === INPUT_BYTES) this.#again.push(connection);
      this.reads.sinceMs = this.#sinceMs;
      this.reads.leftMs = leftMs;
      this.reads.lastLeftMs = lastLeftMs;
      this.#handler!.onBytes(connection, 0, size);
      if (connection === this.#sends.connection) this.#flush();
    } else if (size === 0) {
      if (state === State.lingering) this.#end(connection, CloseCause.closed);
      else if (state === State.open) {
        this.#state[connection] = State.ended;
        this.#watch(connection, this.#set.interestOf(connection) & ~READING);
        this.#handler!.onEnd(connection);
      } else if ((this.#set.interestOf(connection) & EPOLLIN) !== 0) {
        this.#watch(connection, this.#set.interestOf(connection) & ~READING);
      } else this.#end(connection, CloseCause.reset); // hung up both ways while we still had to send
    } else {
      const code = errno();
      if (code !== posix.EAGAIN && code !== posix.EINTR) this.#end(connection, causeOfErrno(code));
    }
  }

  #connected(connection: number): void {
    const code = this.#socketError(this.#fd[connection]);
    if (code !== 0) return this.#end(connection, causeOfErrno(code));
    this.#state[connection] = State.open;
    this.#watch(connection, READING);
    this.#handler!.onConnect(connection);
    if (connection === this.#sends.connection) this.#flush();
  }

  #accept(): void {
    for (let i = 0; i < ACCEPTS_PER_PASS && this.#acceptMode !== AcceptMode.paused; i++) {
      if (this.#acceptsLeft < 1) return;
      const isRefusing = this.#acceptMode === AcceptMode.refuse;
      if (!isRefusing && this.#slots.free === 0) return;
      this.#peerLength[0] = 16;
      const flags = posix.SOCK_NONBLOCK | posix.SOCK_CLOEXEC;
      const fd = this.#c.accept4(this.#listenFd, this.#peer, this.#peerLengthBytes, flags);
      if (fd < 0) {
        const code = errno();
        if (code === posix.EAGAIN) return;
        if (code === posix.ECONNABORTED || code === posix.EINTR) continue;
        this.stats.failedAccepts++;
        this.#acceptRestUntilMs = this.#clock.monotonicMs() + ACCEPT_REST_MS;
        return;
      }
      if (isRefusing) {
        this.#refuse(fd);
        continue;
      }
      this.#acceptsLeft--;
      const connection = this.#slots.take();
      this.peerAddress[connection] = this.#peerView.getUint32(4);
      this.#fd[connection] = fd;
      this.#state[connection] = State.open;
      this.#add(connection, READING);
      this.#handler!.onAccept(connection);
    }
  }

  /** Ends a peer for whom there is no room. What it sent already is read, or the kernel would answer with a reset. */
  #refuse(fd: number): void {
    this.stats.refusedPeers++;
    this.#c.shutdown(fd, posix.SHUT_WR);
    this.#c.recv(fd, this.#inputMemory.pointer, INPUT_BYTES, posix.MSG_DONTWAIT);
    this.#c.close(fd);
  }

  /** Keeps the listening socket in the set of watched ones only while a peer could be taken. */
  #armListener(nowMs: number): void {
    if (this.#listenFd < 0) return;
    const hasRoom = this.#acceptMode === AcceptMode.refuse ||
      (this.#acceptMode === AcceptMode.open && this.#slots.free > 0);
    const isWanted = hasRoom && this.#acceptsLeft >= 1 && nowMs >= this.#acceptRestUntilMs;
    if (isWanted === this.#isListenerArmed) return;
    this.#isListenerArmed = isWanted;
    if (isWanted) this.#set.addTag(LISTENER_TAG, this.#listenFd, EPOLLIN | EPOLLEXCLUSIVE);
    else this.#set.removeTag(this.#listenFd);
  }

  /** Sends what was gathered for one connection; what the kernel doesn't take waits in its queue. */
  #flush(): void {
    const { connection } = this.#sends;
    if (connection < 0) return;
    const state = this.#state[connection];
    if (state !== State.open && state !== State.ended) return this.#sends.drop();
    const result = this.#sends.send(this.#fd[connection]);
    if (result === SENT) return;
    if (result < 0) return this.#end(connection, causeOfErrno(-result));
    this.#watch(connection, this.#set.interestOf(connection) | EPOLLOUT);
  }

  #sendWaiting(connection: number): void {
    this.#flush();
    const result = this.#sends.sendWaiting(connection, this.#fd[connection]);
    if (result === WAITS) return; // the kernel tells when it has room again
    if (result < 0) return this.#end(connection, causeOfErrno(-result));
    if (this.#state[connection] === State.closing) return this.#finish(connection, false);
    this.#watch(connection, this.#set.interestOf(connection) & ~EPOLLOUT);
    this.#handler!.onDrain(connection);
  }

  /** Everything is sent: says so to the peer, and reads on until it ends too. */
  #finish(connection: number, hasPeerEnded: boolean): void {
    if (hasPeerEnded) return this.#end(connection, CloseCause.closed);
    this.#c.shutdown(this.#fd[connection], posix.SHUT_WR);
    this.#state[connection] = State.lingering;
    // It is watched by level from here on: left unread, it would wake every wait.
    this.#resting.remove(connection);
    this.#watch(connection, EPOLLIN);
  }

  #endLingering(nowMs: number): void {
    for (let c = this.#lingering.takeOver(nowMs); c >= 0; c = this.#lingering.takeOver(nowMs)) {
      if (this.#state[c] === State.closing) this.#end(c, CloseCause.timeout);
      else if (this.#state[c] === State.lingering) this.#end(c, CloseCause.closed);
    }
  }

  /** Gives the descriptor back now; the handler is told, and the number freed, at the end of the poll. */
  #end(connection: number, cause: CloseCause): void {
    if (this.#state[connection] === State.broken) return;
    this.#state[connection] = State.broken;
    this.#cause[connection] = cause;
    this.#set.forget(connection);
    this.#unread.remove(connection);
    this.#resting.remove(connection);
    if (this.#fd[connection] >= 0) this.#c.close(this.#fd[connection]);
    this.#fd[connection] = -1;
    this.#sends.forget(connection);
    this.#ends.push(connection);
  }

  #tellEnds(): void {
    const ends = this.#ends;
    if (ends.length === 0) return;
    // What the handler ends meanwhile is told in the next call: a dial that fails at once must not go round in this one.
    this.#ends = [];
    for (const connection of ends) {
      this.#handler!.onClose(connection, this.#cause[connection] as CloseCause);
      this.#state[connection] = State.free;
      this.#slots.release(connection);
    }
  }

  #socketError(fd: number): number {
    this.#peerLength[0] = 4;
    if (this.#c.getsockopt(fd, posix.SOL_SOCKET, posix.SO_ERROR, this.#peer, this.#peerLengthBytes) !== 0) {
      return errno();
    }
    return this.#peerView.getInt32(0, true);
  }

  #add(connection: number, interest: number): void {
    this.#set.add(connection, this.#fd[connection], this.#slots.generation[connection], interest);
  }

  #watch(connection: number, interest: number): void {
    this.#set.change(connection, this.#fd[connection], this.#slots.generation[connection], interest);
  }
}

/** `struct linger`: on, 0 seconds. Closing then resets. */
const LINGER_ZERO = new Uint8Array(new Int32Array([1, 0]).buffer);
