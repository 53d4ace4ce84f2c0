import { assert } from "../assert.ts";
import * as posix from "./posix.ts";
import { mapMemory, type MappedArea } from "./posix.ts";
import {
  ACCEPT_DONTWAIT,
  CQ_EVENTFD_DISABLED,
  CQE_BYTES,
  Enter,
  EntryFlag,
  EPOLLIN,
  EPOLLOUT,
  Feature,
  MSG_WAITALL,
  OFF_SQES,
  Op,
  PARAMS_CQ_OFF,
  PARAMS_FEATURES,
  PARAMS_SQ_OFF,
  PARAMS_WORDS,
  RECV_MULTISHOT,
  Register,
  SQE_BYTES,
  SqFlag,
} from "./uring_abi.ts";
import { BufferPool, LARGE_POOL, SMALL_POOL } from "./uring_buffers.ts";
import { RING_FLAGS } from "./uring_support.ts";
import { type MappedRing, mapRing, type UringSyscalls } from "./uring_syscalls.ts";

/** Entries of the submission ring. One enter's own completions are at most these and one for each receive buffer. */
export const SQ_ENTRIES = 1024;
const CQ_ENTRIES = 8192;
/** Most receives that can complete before buffers are given back. */
const MOST_RECEIVED = SMALL_POOL.count + LARGE_POOL.count;

/** From this many completions on, an enter may have left some in the kernel, which from Linux 6.12 on brings 20 at once. */
const FULL_ENTER = 16;
/** With so many completions unread, no enter brings more. */
const MOST_UNREAD = 256;

/** What a completion is about: the upper 8 bits of the low word of its user data; the lower 24 are the connection. */
export const Kind = {
  receive: 1,
  accept: 2,
  connect: 3,
  writable: 4,
  close: 5,
  send: 6,
  /** A send from a connection's queue, which tells its success too. */
  queueSend: 7,
  /** The listening socket has a peer. */
  knock: 8,
  /** The eventfd was signalled. */
  wake: 9,
  shutdown: 10,
  /** An operation whose failure means nothing. */
  ignored: 11,
  receiveLarge: 12,
} as const;

const KIND_SHIFT = 24;
const CONNECTION_MASK = (1 << KIND_SHIFT) - 1;

/** Most connections of one engine. */
export const MAX_CONNECTIONS = CONNECTION_MASK;

export function kindOf(data: number): number {
  return data >>> KIND_SHIFT;
}

export function connectionOf(data: number): number {
  return data & CONNECTION_MASK;
}

/** What a ring is made with. */
export interface RingOptions {
  /** The first of its connections, and how many it has. */
  readonly first: number;
  readonly slots: number;
  /** Where its receive buffers lie in the engine's input area. */
  readonly input: MappedArea;
  readonly inputStart: number;
}

/** Why a ring can't be made: the process or the host is out of something. */
export class NoRing extends Error {
  override name = "NoRing";
  constructor(readonly what: string, readonly code: number) {
    super(`Cannot make a ring: ${what} (errno ${code})`);
  }
}

/**
 * One ring: its two queues, its pool of receive buffers and its table of direct descriptors. It writes entries and shows
 * completions, and knows nothing of what they mean. Whoever writes an entry sees to it that `room` is over 0.
 */
export class UringRing {
  readonly first: number;
  readonly pool: BufferPool;
  readonly largePool: BufferPool;
  /** Whether an accept can be tried without waiting. */
  readonly canTryAccept: boolean;
  /** Entries written since the last enter, and how many of them are sends. */
  pending = 0;
  sends = 0;
  /** Completions are read here, 4 words each, from `head` up to `tail`; the last enter brought those from `fresh` on. */
  cqes: Int32Array;
  head: number;
  fresh: number;
  tail: number;
  mask: number;

  readonly #sys: UringSyscalls;
  readonly #fd: number;
  readonly #maps: MappedRing[] = [];
  readonly #ring: Int32Array;
  readonly #sqes: Int32Array;
  readonly #sqTailAt: number;
  readonly #sqFlagsAt: number;
  readonly #cqHeadAt: number;
  readonly #cqTailAt: number;
  readonly #cqFlagsAt: number;
  readonly #ringCqes: Int32Array;
  readonly #enterFlags: number;
  readonly #hasMinTimeout: boolean;
  /** `struct io_uring_getevents_arg`, and behind it the `struct __kernel_timespec` that it points to. */
  readonly #wait: MappedArea;
  /** A `struct sockaddr_in` for each submission entry, for the operation that needs one. */
  readonly #addresses: MappedArea;
  #sqTail: number;
  /** Where the kernel's head stands while completions are read from a copy. */
  #ringHead = 0;
  #isCopied = false;
  #mayHaveMore = false;

  constructor(sys: UringSyscalls, options: RingOptions) {
    this.#sys = sys;
    this.first = options.first;
    const params = new Int32Array(PARAMS_WORDS);
    params[1] = CQ_ENTRIES;
    params[2] = RING_FLAGS;
    this.#fd = sys.setup(SQ_ENTRIES, new Uint8Array(params.buffer));
    if (this.#fd < 0) throw new NoRing("io_uring_setup", sys.errno());
    try {
      this.#registerFiles(options.slots);
      const { input, inputStart } = options;
      const largeStart = inputStart + SMALL_POOL.count * SMALL_POOL.bytes;
      this.pool = new BufferPool(sys, this.#fd, SMALL_POOL, input, inputStart);
      this.largePool = new BufferPool(sys, this.#fd, LARGE_POOL, input, largeStart);
    } catch (error) {
      sys.close(this.#fd);
      throw error;
    }
    const sq = params.subarray(PARAMS_SQ_OFF, PARAMS_SQ_OFF + 10);
    const cq = params.subarray(PARAMS_CQ_OFF, PARAMS_CQ_OFF + 10);
    assert(params[0] === SQ_ENTRIES && params[1] === CQ_ENTRIES, "the kernel rounds no power of two");
    const ring = mapRing(this.#fd, Math.max(sq[6] + SQ_ENTRIES * 4, cq[5] + CQ_ENTRIES * CQE_BYTES), 0);
    const sqes = mapRing(this.#fd, SQ_ENTRIES * SQE_BYTES, OFF_SQES);
    this.#maps.push(ring, sqes);
    this.#ring = new Int32Array(ring.buffer);
    this.#sqes = new Int32Array(sqes.buffer);
    this.#sqTailAt = sq[1] >> 2;
    this.#sqFlagsAt = sq[4] >> 2;
    this.#cqHeadAt = cq[0] >> 2;
    this.#cqTailAt = cq[1] >> 2;
    this.#cqFlagsAt = cq[6] >> 2;
    this.#ringCqes = this.cqes = new Int32Array(ring.buffer, cq[5], CQ_ENTRIES * 4);
    this.mask = CQ_ENTRIES - 1;
    for (let i = 0; i < SQ_ENTRIES; i++) this.#ring[(sq[6] >> 2) + i] = i;
    this.#sqTail = this.#ring[this.#sqTailAt];
    this.head = this.fresh = this.tail = this.#ring[this.#cqHeadAt];
    const features = params[PARAMS_FEATURES];
    this.canTryAccept = (features & Feature.recvsendBundle) !== 0;
    this.#hasMinTimeout = (features & Feature.minTimeout) !== 0;
    this.#enterFlags = Enter.getEvents | Enter.extArg |
      ((features & Feature.noIowait) !== 0 ? Enter.noIowait : 0);
    this.#wait = mapMemory(40);
    this.#wait.view.setUint32(8, 8, true); // size of a signal mask, of which there is none
    this.#wait.view.setBigUint64(16, BigInt(this.#wait.address + 24), true);
    this.#addresses = mapMemory(SQ_ENTRIES * 16);
    this.denyWake();
  }

  /** Entries that can be written before the next enter. */
  get room(): number {
    return SQ_ENTRIES - this.pending;
  }

  /** Whether completions wait to be read. */
  get isReady(): boolean {
    return this.head !== this.tail;
  }

  /** Whether another enter may bring more, and there is room for it. */
  get isWorthEntering(): boolean {
    return this.#mayHaveMore && ((this.tail - this.head) | 0) < MOST_UNREAD;
  }

  /** Whether the kernel has completions that only an enter brings out. */
  get hasKernelWork(): boolean {
    return this.#mayHaveMore ||
      (Atomics.load(this.#ring, this.#sqFlagsAt) & (SqFlag.taskrun | SqFlag.cqOverflow)) !== 0;
  }

  // Entries

  send(connection: number, address: number, size: number, kind: number): void {
    // Complete when the enter returns, so that the memory can be used again; only what went wrong is told.
    const skip = kind === Kind.send ? EntryFlag.skipSuccess : 0;
    const flags = posix.MSG_DONTWAIT | posix.MSG_NOSIGNAL | MSG_WAITALL;
    const index = this.#sqTail;
    this.#entry(
      Op.send | EntryFlag.fixedFile | skip,
      connection - this.first,
      address,
      size,
      flags,
      kind,
      connection,
      index,
    );
    this.sends++;
  }

  receive(connection: number, generation: number): void {
    const head = Op.recv | EntryFlag.fixedFile | EntryFlag.bufferSelect | RECV_MULTISHOT;
    this.#entry(head, connection - this.first, 0, 0, 0, Kind.receive, connection, generation);
  }

  /** Receives once, into a large buffer. */
  receiveLarge(connection: number, generation: number): void {
    const head = Op.recv | EntryFlag.fixedFile | EntryFlag.bufferSelect;
    const slot = connection - this.first;
    const at = this.#entry(head, slot, 0, 0, 0, Kind.receiveLarge, connection, generation);
    this.#sqes[at + 10] = LARGE_POOL.group;
  }

  awaitWritable(connection: number, generation: number): void {
    const head = Op.pollAdd | EntryFlag.fixedFile;
    this.#entry(head, connection - this.first, 0, 0, EPOLLOUT, Kind.writable, connection, generation);
  }

  /** Says that nothing more will be sent. The kernel does this in a thread of its own. */
  endSending(connection: number, generation: number): void {
    const head = Op.shutdown | EntryFlag.fixedFile;
    this.#entry(head, connection - this.first, 0, posix.SHUT_WR, 0, Kind.shutdown, connection, generation);
  }

  close(connection: number, generation: number): void {
    const at = this.#entry(Op.close, 0, 0, 0, 0, Kind.close, connection, generation);
    this.#sqes[at + 11] = connection - this.first + 1;
  }

  connect(connection: number, generation: number, address: number, port: number): void {
    const memory = this.#addressOfNext(posix.AF_INET, address, port);
    const at = this.#entry(
      Op.connect | EntryFlag.fixedFile,
      connection - this.first,
      memory,
      0,
      0,
      Kind.connect,
      connection,
      generation,
    );
    this.#sqes[at + 2] = 16;
  }

  /**
   * Ends a connection with a reset and ends what is armed on it: connecting to no address does both, on any socket and
   * at once. (SO_LINGER would need a descriptor, or Linux 6.7.)
   */
  disconnect(connection: number): void {
    const memory = this.#addressOfNext(AF_UNSPEC, 0, 0);
    const head = Op.connect | EntryFlag.fixedFile | EntryFlag.skipSuccess;
    const at = this.#entry(head, connection - this.first, memory, 0, 0, Kind.ignored, connection, 0);
    this.#sqes[at + 2] = 16;
  }

  /** Ends an armed operation of a connection, which says so itself. */
  cancel(connection: number, generation: number, kind: number): void {
    const at = this.#entry(
      Op.asyncCancel | EntryFlag.skipSuccess,
      -1,
      0,
      0,
      0,
      Kind.ignored,
      connection,
      generation,
    );
    this.#sqes[at + 4] = (kind << KIND_SHIFT) | connection;
    this.#sqes[at + 5] = generation;
  }

  /** Takes a peer from a listening socket into a slot, if one is there; `note` comes back with the answer. */
  accept(listenFd: number, connection: number, note: number, address: number, lengthAddress: number): void {
    const at = this.#entry(
      Op.accept | ACCEPT_DONTWAIT,
      listenFd,
      address,
      0,
      0,
      Kind.accept,
      connection,
      note,
    );
    this.#sqes[at + 2] = low(lengthAddress);
    this.#sqes[at + 3] = high(lengthAddress);
    this.#sqes[at + 11] = connection - this.first + 1;
  }

  /** Tells when a listening socket has a peer. */
  awaitKnock(listenFd: number): void {
    this.#entry(Op.pollAdd, listenFd, 0, 0, EPOLLIN, Kind.knock, 0, 0);
  }

  /** Reads 8 bytes of an eventfd once it was signalled. */
  awaitWake(eventfd: number, address: number): void {
    this.#entry(Op.read, eventfd, address, 8, 0, Kind.wake, 0, 0);
  }

  // Completions

  /** Where the next completion is in `cqes`. */
  take(): number {
    const at = (this.head & this.mask) << 2;
    this.head = (this.head + 1) | 0;
    return at;
  }

  /** All that was taken is done with: the kernel may write there again. */
  giveBack(): void {
    this.pool.publish();
    this.largePool.publish();
    if (!this.#isCopied) return void Atomics.store(this.#ring, this.#cqHeadAt, this.head);
    if (this.head !== this.tail) return;
    this.#isCopied = false;
    this.cqes = this.#ringCqes;
    this.mask = CQ_ENTRIES - 1;
    this.head = this.fresh = this.tail = this.#ringHead;
  }

  // Entering the kernel

  /** Submits what is pending, and lets the kernel do its part, without waiting. */
  enter(): void {
    this.#enter(0, Enter.getEvents, 0, 0);
  }

  /** Only submits. What else the kernel has to tell stays with it, so that completions don't pile up. */
  submit(): void {
    this.#enter(0, 0, 0, 0);
  }

  /** Submits, and waits for a completion; for `batch` of them no longer than `batchUs`. */
  wait(waitMs: number, batch: number, batchUs: number): void {
    const { view } = this.#wait;
    const us = this.#hasMinTimeout ? batchUs : 0;
    view.setUint32(12, us, true);
    const seconds = Math.floor(waitMs / 1000);
    view.setUint32(24, seconds, true);
    view.setUint32(32, Math.round((waitMs - seconds * 1000) * 1e6), true);
    this.#enter(us > 0 ? batch : 1, this.#enterFlags, this.#wait.address, 24);
  }

  /** Before the thread sleeps elsewhere: what happens on this ring signals its eventfd. */
  allowWake(): void {
    Atomics.store(this.#ring, this.#cqFlagsAt, 0);
  }

  denyWake(): void {
    Atomics.store(this.#ring, this.#cqFlagsAt, CQ_EVENTFD_DISABLED);
  }

  /** Signals an eventfd about completions, where `allowWake` says so. */
  signalTo(eventfd: number): void {
    const argument = new Uint8Array(new Int32Array([eventfd]).buffer);
    const result = this.#sys.register(this.#fd, Register.eventfd, argument, 1);
    assert(result >= 0, "a ring takes an eventfd");
  }

  /** Puts an ordinary descriptor into a connection's slot. False if the kernel can't; see errno. */
  install(connection: number, fd: number): boolean {
    // struct io_uring_rsrc_update: offset, 0, address of the descriptors
    const { view, address } = this.#addresses;
    const at = (this.#sqTail & (SQ_ENTRIES - 1)) * 16;
    view.setInt32(at, fd, true);
    const update = new Int32Array([connection - this.first, 0, low(address + at), high(address + at)]);
    return this.#sys.register(this.#fd, Register.filesUpdate, new Uint8Array(update.buffer), 1) >= 0;
  }

  /** The address and size of a send that was entered last, from the note that came with its failure. */
  sentAddressLow(note: number): number {
    return this.#sqes[(note & (SQ_ENTRIES - 1)) * 16 + 4];
  }

  sentSize(note: number): number {
    return this.#sqes[(note & (SQ_ENTRIES - 1)) * 16 + 6];
  }

  shutdown(): void {
    for (const map of this.#maps) map.unmap();
    this.pool.unmap();
    this.largePool.unmap();
    this.#wait.unmap();
    this.#addresses.unmap();
    this.#sys.close(this.#fd);
  }

  /** Writes an entry and returns where it begins. Words that no operation of ours uses stay 0. */
  #entry(
    head: number,
    fd: number,
    address: number,
    length: number,
    flags: number,
    kind: number,
    connection: number,
    note: number,
  ): number {
    assert(this.pending < SQ_ENTRIES, "an entry has room");
    const sqes = this.#sqes;
    const at = (this.#sqTail & (SQ_ENTRIES - 1)) << 4;
    this.#sqTail = (this.#sqTail + 1) | 0;
    this.pending++;
    sqes[at] = head;
    sqes[at + 1] = fd;
    sqes[at + 2] = 0;
    sqes[at + 3] = 0;
    sqes[at + 4] = low(address);
    sqes[at + 5] = high(address);
    sqes[at + 6] = length;
    sqes[at + 7] = flags;
    sqes[at + 8] = (kind << KIND_SHIFT) | connection;
    sqes[at + 9] = note;
    sqes[at + 10] = 0;
    sqes[at + 11] = 0;
    return at;
  }

  #addressOfNext(family: number, address: number, port: number): number {
    const { view } = this.#addresses;
    const at = (this.#sqTail & (SQ_ENTRIES - 1)) * 16;
    view.setUint16(at, family, true);
    view.setUint16(at + 2, port);
    view.setUint32(at + 4, address);
    return this.#addresses.address + at;
  }

  #enter(minComplete: number, flags: number, argument: number, argumentBytes: number): void {
    this.fresh = this.tail;
    // Bounds what can come while much is unread, so that what a submit tells has room.
    if (((this.tail - this.head) | 0) >= MOST_UNREAD) flags &= ~Enter.getEvents;
    if (this.pending > 0 && CQ_ENTRIES - this.tail + this.head < SQ_ENTRIES + MOST_RECEIVED) this.#copyOut();
    Atomics.store(this.#ring, this.#sqTailAt, this.#sqTail);
    const done = this.#sys.enter(this.#fd, this.pending, minComplete, flags, argument, argumentBytes);
    if (done >= 0) this.pending -= done;
    else this.#mustBePassing(this.#sys.errno());
    if (this.#isCopied) this.#copyIn();
    else this.tail = Atomics.load(this.#ring, this.#cqTailAt);
    if ((flags & Enter.getEvents) !== 0) this.#mayHaveMore = ((this.tail - this.fresh) | 0) >= FULL_ENTER;
  }

  /** Moves what is unread out of the way: a failed send must be seen before the next send of its connection. */
  #copyOut(): void {
    if (this.#isCopied) return;
    const copy = new Int32Array(CQ_ENTRIES * 4 * 2);
    let count = 0;
    for (let i = this.head; i !== this.tail; i = (i + 1) | 0) {
      const at = (i & this.mask) << 2;
      copy.set(this.cqes.subarray(at, at + 4), count++ * 4);
    }
    this.#isCopied = true;
    this.#ringHead = this.tail;
    Atomics.store(this.#ring, this.#cqHeadAt, this.#ringHead);
    this.cqes = copy;
    this.mask = 0x0fff_ffff;
    this.head = 0;
    this.fresh = this.tail = count;
  }

  /** Adds what has come since to the copy. */
  #copyIn(): void {
    const tail = Atomics.load(this.#ring, this.#cqTailAt);
    for (; this.#ringHead !== tail; this.#ringHead = (this.#ringHead + 1) | 0) {
      if (this.tail * 4 === this.cqes.length) {
        const larger = new Int32Array(this.cqes.length * 2);
        larger.set(this.cqes);
        this.cqes = larger;
      }
      const at = (this.#ringHead & (CQ_ENTRIES - 1)) << 2;
      this.cqes.set(this.#ringCqes.subarray(at, at + 4), this.tail++ * 4);
    }
    Atomics.store(this.#ring, this.#cqHeadAt, this.#ringHead);
  }

  /** Time is over, a signal came, or the kernel is short of memory or of room for now: no fault of ours. */
  #mustBePassing(code: number): void {
    const isPassing = code === ETIME || code === posix.EINTR || code === posix.EAGAIN || code === EBUSY;
    assert(isPassing, `io_uring_enter is called rightly (errno ${code})`);
  }

  #registerFiles(slots: number): void {
    const files = new Int32Array(8); // struct io_uring_rsrc_register: nr, flags (1: sparse), and no data
    files.set([slots, 1]);
    if (this.#sys.register(this.#fd, Register.files2, new Uint8Array(files.buffer), 32) < 0) {
      throw new NoRing(`a table of ${slots} descriptors`, this.#sys.errno());
    }
  }
}

const AF_UNSPEC = 0;
const ETIME = 62;
const EBUSY = 16;

/** An address as two words. */
function low(address: number): number {
  return address | 0;
}

function high(address: number): number {
  return (address / 0x1_0000_0000) | 0;
}
