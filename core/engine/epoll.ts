import { assert } from "../assert.ts";
import type { Bell } from "../shared/bell.ts";
import type { Clock } from "../time/clock.ts";
import { causeOfErrno } from "./cause.ts";
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
} from "./engine.ts";
import { Lingering } from "./lingering.ts";
import { LEAVE_MS, type ReadControl, REST_MS } from "./read_control.ts";
import * as posix from "./posix.ts";
import { errno, libc, mapMemory, type MappedArea } from "./posix.ts";
import { SendQueues } from "./send_queue.ts";
import { Slots } from "./slots.ts";
import { Unread } from "./unread.ts";

const INPUT_BYTES = 16 * 1024;
const OUTPUT_BYTES = 64 * 1024;
const BATCH = 1024;
/** `struct epoll_event` on x86-64 is packed; elsewhere its data is aligned. */
const EVENT_BYTES = Deno.build.arch === "x86_64" ? 12 : 16;
const EVENT_DATA = EVENT_BYTES - 8;
/** How many events are handled between two looks at the clock. */
const EVENTS_PER_LOOK = 32;
/** Peers taken in one pass, so that a storm of them doesn't hold up those who are in. */
const ACCEPTS_PER_PASS = 128;
/** Of a budget of reads, the part for what was left unread too long. */
const SWEEP_SHARE = 1 / 8;
/** A wait that took longer found nobody waiting: what came, came just now. */
const ASLEEP_MS = 0.05;
/** After a failed accept for lack of descriptors: how long not to try again. */
const ACCEPT_REST_MS = 50;

const EPOLLIN = 1;
const EPOLLOUT = 4;
const EPOLLERR = 8;
const EPOLLHUP = 16;
const EPOLLRDHUP = 1 << 13;
const EPOLLET = 1 << 31;
const EPOLLEXCLUSIVE = 1 << 28;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

/**
 * What an open connection is watched for. By edge: every event says that something has come since the last one, so that
 * what is left unread is never told of again, and a read doesn't cost a second look by the kernel.
 */
const READING = EPOLLIN | EPOLLRDHUP | EPOLLET;

/** In the data of an event, where a connection number would be. */
const LISTENER_TAG = 0xffff_ffff;
const WAKE_TAG = 0xffff_fffe;

const State = { free: 0, dialing: 1, open: 2, ended: 3, closing: 4, lingering: 5, broken: 6 } as const;

/** Readiness through epoll(7): edge-triggered, batches of 1,024 events, one receive and one send a connection. */
export class EpollEngine implements Engine {
  readonly name = "epoll";
  readonly capacity: number;
  readonly peerAddress: Uint32Array;
  readonly maxReadBytes = INPUT_BYTES;
  readonly input: Area;
  readonly output: Area;
  readonly stats = emptyStats();
  readonly reads: { -readonly [Name in keyof ReadControl]: ReadControl[Name] };

  readonly #slots: Slots;
  readonly #clock: Clock;
  readonly #bell: Bell;
  readonly #queues: SendQueues;
  readonly #c = libc();
  readonly #inputMemory: MappedArea;
  readonly #outputMemory: MappedArea;
  readonly #events: MappedArea;
  readonly #eventArgument = new Uint8Array(16);
  readonly #eventView = new DataView(this.#eventArgument.buffer);
  readonly #peer = new Uint8Array(16);
  readonly #peerView = new DataView(this.#peer.buffer);
  readonly #peerLength = new Uint32Array([16]);
  readonly #peerLengthBytes = new Uint8Array(this.#peerLength.buffer);
  readonly #wakeCount = new Uint8Array(8);

  /** By connection. */
  readonly #fd: Int32Array;
  readonly #state: Uint8Array;
  readonly #cause: Uint8Array;
  readonly #interest: Int32Array;

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
  #epoll: number;
  #wake: number;
  #listenFd = -1;
  #isListenerArmed = false;
  #acceptMode: AcceptMode = AcceptMode.paused;
  #acceptsLeft = Infinity;
  #acceptRestUntilMs = 0;
  /** Events of the last epoll_wait that are not handled yet. */
  #eventAt = 0;
  #eventCount = 0;
  /** The send that is being gathered: all adjacent commits to one connection. */
  #gatherConnection = -1;
  #gatherEnd = 0;
  #reserved = 0;

  constructor(options: EngineOptions) {
    this.capacity = options.capacity;
    this.#slots = new Slots(options.capacity);
    this.#clock = options.clock;
    this.#bell = options.bell;
    this.#queues = new SendQueues(options.queueBytes ?? DEFAULT_QUEUE_BYTES);
    this.#lingering = new Lingering(options.lingerMs ?? LINGER_MS, this.#slots.generation);
    const unread = this.#unread = new Unread(options.capacity, LEAVE_MS);
    const resting = this.#resting = new Unread(options.capacity, REST_MS);
    this.reads = {
      budget: Infinity,
      sinceMs: 0,
      leftMs: 0,
      lastLeftMs: 0,
      get unread() {
        return unread.size + resting.size;
      },
      rest: (connection, isForGood) =>
        resting.add(connection, isForGood === true ? Infinity : this.#drainedMs),
    };
    this.peerAddress = new Uint32Array(options.capacity);
    this.#fd = new Int32Array(options.capacity).fill(-1);
    this.#state = new Uint8Array(options.capacity);
    this.#cause = new Uint8Array(options.capacity);
    this.#interest = new Int32Array(options.capacity);
    this.input = this.#inputMemory = mapMemory(INPUT_BYTES);
    this.output = this.#outputMemory = mapMemory(OUTPUT_BYTES);
    this.#events = mapMemory(BATCH * EVENT_BYTES);
    this.#epoll = this.#c.epoll_create1(posix.SOCK_CLOEXEC);
    this.#wake = this.#c.eventfd(0, posix.EFD_NONBLOCK | posix.EFD_CLOEXEC);
    assert(this.#epoll >= 0 && this.#wake >= 0, "epoll and eventfd exist");
    this.#control(EPOLL_CTL_ADD, this.#wake, EPOLLIN, WAKE_TAG, 0);
    this.#bell.useDescriptor(this.#wake);
  }

  get used(): number {
    return this.#slots.used;
  }

  get generation(): Int32Array {
    return this.#slots.generation;
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
    const fd = this.#c.socket(posix.AF_INET, posix.SOCK_STREAM | posix.SOCK_NONBLOCK | posix.SOCK_CLOEXEC, 0);
    this.#fd[connection] = fd;
    this.#state[connection] = State.dialing;
    if (fd < 0) {
      this.#end(connection, causeOfErrno(errno()));
      return connection;
    }
    this.#c.setsockopt(fd, posix.IPPROTO_TCP, posix.TCP_NODELAY, ON, 4);
    if (target.source !== 0 && !this.#bindSource(fd, target.source)) {
      this.#end(connection, CloseCause.unreachable);
      return connection;
    }
    const result = this.#c.connect(fd, socketAddressInto(this.#peer, target.address, target.port), 16);
    const code = result === 0 ? 0 : errno();
    if (code !== 0 && code !== posix.EINPROGRESS) this.#end(connection, causeOfErrno(code));
    else this.#watch(connection, EPOLL_CTL_ADD, EPOLLOUT);
    return connection;
  }

  reserve(connection: number, size: number): number {
    if (connection !== this.#gatherConnection || this.#gatherEnd + size > OUTPUT_BYTES) {
      this.#flushGather();
      this.#gatherConnection = connection;
      this.#gatherEnd = 0;
    }
    assert(size <= OUTPUT_BYTES, "a reservation fits the output area");
    const waiting = this.#queues.isEmpty ? 0 : this.#queues.bytesOf(connection);
    if (waiting > 0 && !this.#queues.hasRoom(connection, this.#gatherEnd + size)) {
      this.stats.overfullQueues++;
      return -1;
    }
    this.#reserved = size;
    return this.#gatherEnd;
  }

  commit(connection: number, size: number): void {
    assert(
      connection === this.#gatherConnection && size <= this.#reserved,
      "a commit follows its reservation",
    );
    this.#gatherEnd += size;
    this.#reserved = 0;
  }

  close(connection: number): void {
    const state = this.#state[connection];
    if (state === State.dialing) return this.#end(connection, CloseCause.closed);
    if (state !== State.open && state !== State.ended) return;
    if (connection === this.#gatherConnection) this.#flushGather();
    if (this.#state[connection] === State.broken) return;
    this.#state[connection] = State.closing;
    this.#lingering.add(connection, this.#clock.monotonicMs());
    if (this.#queues.bytesOf(connection) === 0) this.#finish(connection, state === State.ended);
    else this.#watch(connection, EPOLL_CTL_MOD, EPOLLOUT);
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
    return this.#queues.bytesOf(connection);
  }

  poll(maxWaitMs: number): void {
    this.#flushGather();
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
    this.#flushGather();
    this.#endLingering(startMs);
    this.#tellEnds();
    this.#flushGather();
  }

  shutdown(): void {
    this.#bell.useDescriptor(0); // its number may soon be another file's
    for (let i = 0; i < this.capacity; i++) if (this.#fd[i] >= 0) this.#c.close(this.#fd[i]);
    this.#fd.fill(-1);
    this.#c.close(this.#epoll);
    this.#c.close(this.#wake);
    for (const memory of [this.#inputMemory, this.#outputMemory, this.#events]) memory.unmap();
  }

  #wait(maxWaitMs: number, nowMs: number): void {
    let waitMs = this.#ends.length > 0 ? 0 : Math.min(maxWaitMs, 2_000_000_000);
    waitMs = Math.min(waitMs, Math.max(0, this.#lingering.nextMs - nowMs));
    if (this.#acceptRestUntilMs > nowMs) waitMs = Math.min(waitMs, this.#acceptRestUntilMs - nowMs);
    if (this.#again.length > 0 || this.#unread.size > 0) waitMs = 0;
    waitMs = Math.min(waitMs, this.#resting.lookMs);
    if (waitMs > 0 && !this.#bell.maySleep()) waitMs = 0;
    // Rounded up: waking early would only look again, over and over.
    const count = this.#c.epoll_wait(this.#epoll, this.#events.pointer, BATCH, Math.ceil(waitMs));
    this.#bell.awake();
    this.#eventAt = 0;
    this.#eventCount = Math.max(0, count);
    assert(count >= 0 || errno() === posix.EINTR, "epoll_wait is called rightly");
    const wokenMs = this.#clock.monotonicMs();
    this.#sinceMs = waitMs > 0 && wokenMs - nowMs > ASLEEP_MS ? wokenMs : this.#drainedMs;
    if (count < BATCH) this.#drainedMs = wokenMs;
  }

  /** Leaves unread what the budget didn't reach, and what has come meanwhile, so that the next pass has what is new. */
  #leaveRest(): void {
    for (;;) {
      while (this.#eventAt < this.#eventCount) this.#leave(this.#eventAt++);
      if (this.#eventCount < BATCH) return;
      this.#wait(0, this.#drainedMs);
    }
  }

  #leave(index: number): void {
    const { view } = this.#events;
    const at = index * EVENT_BYTES;
    const connection = view.getUint32(at + EVENT_DATA, true);
    const isPlain = (view.getUint32(at, true) & ~EPOLLIN) === 0 && connection < WAKE_TAG &&
      this.#state[connection] === State.open &&
      view.getInt32(at + EVENT_DATA + 4, true) === this.#slots.generation[connection];
    if (!isPlain) return this.#handleEvent(index);
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

  #handleEvent(index: number): void {
    const { view } = this.#events;
    const at = index * EVENT_BYTES;
    const events = view.getUint32(at, true);
    const connection = view.getUint32(at + EVENT_DATA, true);
    if (connection >= WAKE_TAG) {
      if (connection === LISTENER_TAG) this.#accept();
      else this.#c.read(this.#wake, this.#wakeCount, 8);
      return;
    }
    if (view.getInt32(at + EVENT_DATA + 4, true) !== this.#slots.generation[connection]) {
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
      if (connection === this.#gatherConnection) this.#flushGather();
    } else if (size === 0) {
      if (state === State.lingering) this.#end(connection, CloseCause.closed);
      else if (state === State.open) {
        this.#state[connection] = State.ended;
        this.#watch(connection, EPOLL_CTL_MOD, this.#interest[connection] & ~READING);
        this.#handler!.onEnd(connection);
      } else if ((this.#interest[connection] & EPOLLIN) !== 0) {
        this.#watch(connection, EPOLL_CTL_MOD, this.#interest[connection] & ~READING);
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
    this.#watch(connection, EPOLL_CTL_MOD, READING);
    this.#handler!.onConnect(connection);
    if (connection === this.#gatherConnection) this.#flushGather();
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
      this.#watch(connection, EPOLL_CTL_ADD, READING);
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
    if (isWanted) this.#control(EPOLL_CTL_ADD, this.#listenFd, EPOLLIN | EPOLLEXCLUSIVE, LISTENER_TAG, 0);
    else this.#control(EPOLL_CTL_DEL, this.#listenFd, 0, LISTENER_TAG, 0);
  }

  /** Sends what was gathered for one connection; what the kernel doesn't take waits in its queue. */
  #flushGather(): void {
    const connection = this.#gatherConnection;
    if (connection < 0) return;
    const size = this.#gatherEnd;
    this.#gatherConnection = -1;
    this.#gatherEnd = 0;
    const state = this.#state[connection];
    if (size === 0 || (state !== State.open && state !== State.ended)) return;
    let sent = 0;
    if (this.#queues.isEmpty || this.#queues.bytesOf(connection) === 0) {
      sent = this.#send(connection, size);
      if (sent === size || sent < 0) return;
      this.stats.queuedSends++;
    }
    this.#queues.push(connection, this.output.bytes, sent, size);
    this.#watch(connection, EPOLL_CTL_MOD, this.#interest[connection] | EPOLLOUT);
  }

  /** Sends the output area's first bytes. Returns how many the kernel took; -1 if the connection broke, told later. */
  #send(connection: number, size: number): number {
    const flags = posix.MSG_DONTWAIT | posix.MSG_NOSIGNAL;
    const sent = this.#c.send(this.#fd[connection], this.#outputMemory.pointer, size, flags);
    if (sent >= 0) return sent;
    const code = errno();
    if (code === posix.EAGAIN || code === posix.EINTR || code === posix.ENOBUFS) return 0;
    this.#end(connection, causeOfErrno(code));
    return -1;
  }

  #sendWaiting(connection: number): void {
    // Copied to memory whose address is known; a send takes what fits there.
    this.#flushGather();
    while (this.#queues.bytesOf(connection) > 0) {
      const waiting = this.#queues.peek(connection);
      const size = Math.min(waiting.length, OUTPUT_BYTES);
      this.output.bytes.set(waiting.subarray(0, size));
      const sent = this.#send(connection, size);
      if (sent < 0) return;
      this.#queues.advance(connection, sent);
      if (sent < size) return; // the kernel tells when it has room again
    }
    const state = this.#state[connection];
    if (state === State.closing) return this.#finish(connection, false);
    this.#watch(connection, EPOLL_CTL_MOD, this.#interest[connection] & ~EPOLLOUT);
    this.#handler!.onDrain(connection);
  }

  /** Everything is sent: says so to the peer, and reads on until it ends too. */
  #finish(connection: number, hasPeerEnded: boolean): void {
    if (hasPeerEnded) return this.#end(connection, CloseCause.closed);
    this.#c.shutdown(this.#fd[connection], posix.SHUT_WR);
    this.#state[connection] = State.lingering;
    this.#watch(connection, EPOLL_CTL_MOD, EPOLLIN);
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
    if (connection === this.#gatherConnection) {
      this.#gatherConnection = -1;
      this.#gatherEnd = 0;
    }
    this.#state[connection] = State.broken;
    this.#cause[connection] = cause;
    this.#interest[connection] = 0;
    this.#unread.remove(connection);
    this.#resting.remove(connection);
    if (this.#fd[connection] >= 0) this.#c.close(this.#fd[connection]);
    this.#fd[connection] = -1;
    this.#queues.clear(connection);
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

  #bindSource(fd: number, source: number): boolean {
    // The port is chosen at connect, when the destination is known: thousands more fit.
    this.#c.setsockopt(fd, posix.IPPROTO_IP, posix.IP_BIND_ADDRESS_NO_PORT, ON, 4);
    return this.#c.bind(fd, socketAddressInto(this.#peer, source, 0), 16) === 0;
  }

  #socketError(fd: number): number {
    this.#peerLength[0] = 4;
    if (this.#c.getsockopt(fd, posix.SOL_SOCKET, posix.SO_ERROR, this.#peer, this.#peerLengthBytes) !== 0) {
      return errno();
    }
    return this.#peerView.getInt32(0, true);
  }

  #watch(connection: number, operation: number, events: number): void {
    if (operation === EPOLL_CTL_MOD && this.#interest[connection] === events) return;
    this.#interest[connection] = events;
    this.#control(operation, this.#fd[connection], events, connection, this.#slots.generation[connection]);
  }

  #control(operation: number, fd: number, events: number, tag: number, generation: number): void {
    this.#eventView.setUint32(0, events, true);
    this.#eventView.setUint32(EVENT_DATA, tag, true);
    this.#eventView.setInt32(EVENT_DATA + 4, generation, true);
    const result = this.#c.epoll_ctl(this.#epoll, operation, fd, this.#eventArgument);
    assert(result === 0, `epoll_ctl ${operation} is called rightly (errno ${result === 0 ? 0 : errno()})`);
  }
}

const ON = new Uint8Array(new Int32Array([1]).buffer);
/** `struct linger`: on, 0 seconds. Closing then resets. */
const LINGER_ZERO = new Uint8Array(new Int32Array([1, 0]).buffer);

function socketAddressInto(
  target: Uint8Array<ArrayBuffer>,
  address: number,
  port: number,
): Uint8Array<ArrayBuffer> {
  target.set(posix.socketAddress(address, port));
  return target;
}
