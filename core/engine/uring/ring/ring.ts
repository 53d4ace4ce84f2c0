import { assert } from "../../../base/assert.ts";
import * as posix from "../../../os/posix.ts";
import { mapMemory, type MappedArea } from "../../../os/posix.ts";
import {
  CQ_EVENTFD_DISABLED,
  CQE_BYTES,
  Enter,
  Feature,
  OFF_SQES,
  PARAMS_CQ_OFF,
  PARAMS_FEATURES,
  PARAMS_SQ_OFF,
  PARAMS_WORDS,
  Register,
  SQE_BYTES,
  SqFlag,
} from "./abi.ts";
import { BufferPool, LARGE_POOL, SMALL_POOL } from "./buffers.ts";
import { Completions, CQ_ENTRIES } from "./completions.ts";
import { high, low, SQ_ENTRIES, Submissions } from "./submissions.ts";
import { RING_FLAGS } from "./support.ts";
import { type MappedRing, mapRing, NoRing, type UringSyscalls } from "./syscalls.ts";

/** Most receives that can complete before buffers are given back. */
const MOST_RECEIVED = SMALL_POOL.count + LARGE_POOL.count;

/** From this many completions on, an enter may have left some in the kernel, which from Linux 6.12 on brings 20 at once. */
const FULL_ENTER = 16;
/** With so many completions unread, no enter brings more. */
const MOST_UNREAD = 256;

/** What a ring is made with. */
export interface RingOptions {
  /** The first of its connections, and how many it has. */
  readonly first: number;
  readonly slots: number;
  /** Where its receive buffers lie in the engine's input area. */
  readonly input: MappedArea;
  readonly inputStart: number;
}

/**
 * One ring: its two queues, its pools of receive buffers and its table of direct descriptors. It moves entries and
 * completions, and knows nothing of what they mean.
 */
export class UringRing {
  readonly first: number;
  readonly submissions: Submissions;
  readonly completions: Completions;
  readonly pool: BufferPool;
  readonly largePool: BufferPool;
  /** Whether an accept can be tried without waiting. */
  readonly canTryAccept: boolean;

  readonly #sys: UringSyscalls;
  readonly #fd: number;
  readonly #maps: MappedRing[] = [];
  readonly #words: Int32Array;
  readonly #sqFlagsAt: number;
  readonly #cqFlagsAt: number;
  readonly #waitFlags: number;
  readonly #hasMinTimeout: boolean;
  /**
   * `struct io_uring_getevents_arg`, at 24 the `struct __kernel_timespec` that it points to, and at 40 a descriptor to
   * be installed.
   */
  readonly #arguments: MappedArea;
  #mayHaveMore = false;

  constructor(sys: UringSyscalls, options: RingOptions) {
    this.#sys = sys;
    this.first = options.first;
    const params = new Int32Array(PARAMS_WORDS);
    params[1] = CQ_ENTRIES;
    params[2] = RING_FLAGS;
    this.#fd = sys.setup(SQ_ENTRIES, new Uint8Array(params.buffer));
    if (this.#fd < 0) throw new NoRing("io_uring_setup", sys.errno());
    assert(params[0] === SQ_ENTRIES && params[1] === CQ_ENTRIES, "the kernel rounds no power of two");
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

    const sq = params.subarray(PARAMS_SQ_OFF); // struct io_sqring_offsets
    const cq = params.subarray(PARAMS_CQ_OFF); // struct io_cqring_offsets
    const length = Math.max(sq[6] + SQ_ENTRIES * 4, cq[5] + CQ_ENTRIES * CQE_BYTES);
    const ring = mapRing(this.#fd, length, 0);
    const entries = mapRing(this.#fd, SQ_ENTRIES * SQE_BYTES, OFF_SQES);
    this.#maps.push(ring, entries);
    this.#words = new Int32Array(ring.buffer, 0, length >> 2);
    for (let i = 0; i < SQ_ENTRIES; i++) this.#words[(sq[6] >> 2) + i] = i;
    this.submissions = new Submissions(new Int32Array(entries.buffer), this.#words, sq[1] >> 2, this.first);
    this.completions = new Completions(this.#words, cq[0] >> 2, cq[1] >> 2, cq[5] >> 2);
    this.#sqFlagsAt = sq[4] >> 2;
    this.#cqFlagsAt = cq[6] >> 2;

    const features = params[PARAMS_FEATURES];
    this.canTryAccept = (features & Feature.recvsendBundle) !== 0;
    this.#hasMinTimeout = (features & Feature.minTimeout) !== 0;
    const noIowait = (features & Feature.noIowait) !== 0 ? Enter.noIowait : 0;
    this.#waitFlags = Enter.getEvents | Enter.extArg | noIowait;
    this.#arguments = mapMemory(48);
    this.#arguments.view.setUint32(8, 8, true); // size of a signal mask, of which there is none
    this.#arguments.view.setBigUint64(16, BigInt(this.#arguments.address + 24), true);
    this.denyWake();
  }

  /** Whether completions wait to be read. */
  get isReady(): boolean {
    return this.completions.unread !== 0;
  }

  /** Whether another enter may bring more, and there is room for it. */
  get isWorthEntering(): boolean {
    return this.#mayHaveMore && this.completions.unread < MOST_UNREAD;
  }

  /** Whether the last enter that looked found all there was. */
  get isDry(): boolean {
    return !this.#mayHaveMore;
  }

  /** Whether the kernel keeps completions for which the ring had no room. */
  get hasOverflow(): boolean {
    return (Atomics.load(this.#words, this.#sqFlagsAt) & SqFlag.cqOverflow) !== 0;
  }

  /** Whether the kernel has completions that only an enter brings out. */
  get hasKernelWork(): boolean {
    return this.#mayHaveMore ||
      (Atomics.load(this.#words, this.#sqFlagsAt) & (SqFlag.taskrun | SqFlag.cqOverflow)) !== 0;
  }

  /** Submits what is pending, and lets the kernel do its part, without waiting. */
  enter(): void {
    this.#enter(0, Enter.getEvents, null, 0n);
  }

  /** Only submits. What else the kernel has to tell stays with it, so that completions don't pile up. */
  submit(): void {
    this.#enter(0, 0, null, 0n);
  }

  /** Submits, and waits for a completion; for `batch` of them no longer than `batchUs`. */
  wait(waitMs: number, batch: number, batchUs: number): void {
    const { view } = this.#arguments;
    const us = this.#hasMinTimeout ? batchUs : 0;
    view.setUint32(12, us, true);
    const seconds = Math.floor(waitMs / 1000);
    view.setUint32(24, seconds, true);
    view.setUint32(32, Math.round((waitMs - seconds * 1000) * 1e6), true);
    this.#enter(us > 0 ? batch : 1, this.#waitFlags, this.#arguments.pointer, 24n);
  }

  /** Before the thread sleeps elsewhere: what happens on this ring signals its eventfd. */
  allowWake(): void {
    Atomics.store(this.#words, this.#cqFlagsAt, 0);
  }

  denyWake(): void {
    Atomics.store(this.#words, this.#cqFlagsAt, CQ_EVENTFD_DISABLED);
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
    const { view, address } = this.#arguments;
    view.setInt32(40, fd, true);
    const update = new Int32Array([connection - this.first, 0, low(address + 40), high(address + 40)]);
    return this.#sys.register(this.#fd, Register.filesUpdate, new Uint8Array(update.buffer), 1) >= 0;
  }

  /** All that was read is done with: the kernel may use its memory again. */
  giveBack(): void {
    this.pool.publish();
    this.largePool.publish();
    this.completions.giveBack();
  }

  /** Lets the kernel read for armed receives, or takes all buffers from it. Nothing that was read may be untold. */
  setReceiving(isReceiving: boolean): void {
    if (isReceiving) {
      this.pool.restore();
      this.largePool.restore();
    } else {
      this.pool.withdraw();
      this.largePool.withdraw();
    }
  }

  shutdown(): void {
    for (const map of this.#maps) map.unmap();
    this.pool.unmap();
    this.largePool.unmap();
    this.submissions.unmap();
    this.#arguments.unmap();
    this.#sys.close(this.#fd);
  }

  #enter(minComplete: number, flags: number, argument: Deno.PointerValue, argumentBytes: bigint): void {
    const { submissions, completions } = this;
    // Bounds what can come while much is unread, so that what a submit tells has room.
    if (completions.unread >= MOST_UNREAD) flags &= ~Enter.getEvents;
    completions.makeRoom(submissions.pending > 0 ? SQ_ENTRIES + MOST_RECEIVED : 0);
    submissions.publish();
    const { pending } = submissions;
    const done = this.#sys.enter(this.#fd, pending, minComplete, flags, argument, argumentBytes);
    if (done >= 0) submissions.taken(done);
    else this.#mustBePassing(this.#sys.errno());
    completions.refresh();
    if ((flags & Enter.getEvents) !== 0) this.#mayHaveMore = completions.lastCount >= FULL_ENTER;
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

const ETIME = 62;
const EBUSY = 16;
