import { assert } from "../../../base/assert.ts";
import type { Waker } from "../../../threads/waker.ts";
import * as posix from "../../../os/posix.ts";
import { errno, libc, mapMemory, type MappedArea } from "../../../os/posix.ts";
import { mapWithin4GiB, POOLS_BYTES } from "./buffers.ts";
import { READS_BYTES } from "./read_batch.ts";
import { UringRing } from "./ring.ts";
import type { Submissions } from "./submissions.ts";
import { NoRing, type UringSyscalls } from "./syscalls.ts";

/** Entries that one call of ours may write to one ring. */
const MOST_ENTRIES_AT_ONCE = 4;
/** Attempts to submit what the kernel has no memory for. */
const MOST_SUBMITS = 100_000;
/** A batched wait ends early with so many completions. */
const BATCH = 32;

/** Told of every enter that may have sent something, before anything else is done. */
export interface RingsOwner {
  /** The completions of a ring from `fresh` on are new. */
  onEntered(ring: UringRing): void;
  /** Nothing is pending on any ring: all memory that sends were made from is free. */
  onAllSubmitted(): void;
}

/**
 * All rings of an engine. A ring has as many slots as the limit on descriptors allows its table, and the next one is
 * made when those are used up: a connection's number tells its ring and its slot. The thread sleeps on the first ring,
 * which reads an eventfd that the others and the waker signal.
 */
export class Rings {
  readonly list: UringRing[] = [];
  /** Every ring's pools, and behind them room for reads of its own choice. */
  readonly input: MappedArea;
  readonly readsStart: number;
  readonly main: UringRing;
  readonly #sys: UringSyscalls;
  readonly #owner: RingsOwner;
  readonly #waker: Waker;
  readonly #capacity: number;
  readonly #perRing: number;
  readonly #eventfd: number;
  readonly #wakeCount = mapMemory(8);
  #isWakeArmed = false;
  #isReceiving = true;
  /** The error of the last ring that couldn't be made. */
  lastError = 0;

  constructor(sys: UringSyscalls, owner: RingsOwner, waker: Waker, capacity: number, perRing: number) {
    this.#sys = sys;
    this.#owner = owner;
    this.#waker = waker;
    this.#capacity = capacity;
    this.#perRing = perRing;
    this.readsStart = Math.ceil(capacity / perRing) * POOLS_BYTES;
    this.input = mapWithin4GiB(this.readsStart + READS_BYTES);
    this.#eventfd = libc().eventfd(0, posix.EFD_CLOEXEC);
    assert(this.#eventfd >= 0, `an eventfd can be had (errno ${this.#eventfd < 0 ? errno() : 0})`);
    waker.useDescriptor(this.#eventfd);
    this.main = this.#make();
  }

  /** Whether completions wait to be read. */
  get isReady(): boolean {
    for (const ring of this.list) if (ring.isReady) return true;
    return false;
  }

  /** Whether the kernel has something that only an enter brings out. */
  get hasKernelWork(): boolean {
    for (const ring of this.list) if (ring.hasKernelWork) return true;
    return false;
  }

  /** Entries that the next turn submits. */
  get pending(): number {
    let pending = 0;
    for (const ring of this.list) pending += ring.submissions.pending;
    return pending;
  }

  /** Whether the last turn found all that there was. */
  get isDry(): boolean {
    for (const ring of this.list) if (!ring.isDry) return false;
    return true;
  }

  /** Gives armed receives no buffers, or gives them back. False where something read is still to be told of. */
  setReceiving(isReceiving: boolean): boolean {
    if (isReceiving === this.#isReceiving) return true;
    for (const ring of this.list) if (ring.isReady || ring.hasOverflow) return false;
    this.#isReceiving = isReceiving;
    for (const ring of this.list) ring.setReceiving(isReceiving);
    return true;
  }

  /** Whether a connection's ring is there, after making it if need be. */
  has(connection: number): boolean {
    while (this.list.length * this.#perRing <= connection) {
      try {
        this.#make();
      } catch (error) {
        if (!(error instanceof NoRing)) throw error;
        this.lastError = error.code;
        return false;
      }
    }
    return true;
  }

  ringOf(connection: number): UringRing {
    return this.list.length === 1 ? this.main : this.list[(connection / this.#perRing) | 0];
  }

  /** Where operations on a connection are written, with room for what one call writes. */
  to(connection: number): Submissions {
    const { submissions } = this.ringOf(connection);
    if (submissions.room < MOST_ENTRIES_AT_ONCE) this.submitAll();
    return submissions;
  }

  /** The eventfd was read: the next signal needs another reading. */
  woken(): void {
    this.#isWakeArmed = false;
  }

  /** Submits all that is pending, and nothing else. */
  submitAll(): void {
    for (const ring of this.list) {
      for (let i = 0; ring.submissions.pending > 0; i++) {
        assert(i < MOST_SUBMITS, "the kernel takes entries");
        ring.submit();
        this.#owner.onEntered(ring);
      }
    }
    this.#owner.onAllSubmitted();
  }

  /**
   * Submits all that is pending and brings completions in, after a wait if there are none. What an earlier turn brought
   * is handled first: so all that a pass handles has come since the same moment.
   */
  turn(waitMs: number, batchUs: number): void {
    const { main, list } = this;
    if (this.isReady) {
      this.#waker.awake();
      return this.submitAll();
    }
    if (!this.#isWakeArmed) {
      this.#isWakeArmed = true;
      this.to(0).awaitWake(this.#eventfd, this.#wakeCount.address);
    }
    let isReady = false;
    for (let i = 1; i < list.length; i++) {
      this.#enterIfDue(list[i]);
      isReady ||= list[i].isReady;
    }
    const maySleep = waitMs > 0 && !isReady && this.#waker.maySleep() && this.#allowWakes();
    if (maySleep) {
      main.wait(waitMs, BATCH, batchUs);
      this.#owner.onEntered(main);
      this.#fetchMore(main);
    } else this.#enterIfDue(main);
    this.#waker.awake();
    if (maySleep) {
      for (let i = 1; i < list.length; i++) {
        list[i].denyWake();
        this.#enterIfDue(list[i]);
      }
    }
    this.submitAll();
  }

  /** Brings in what has come meanwhile. False if there is nothing. */
  fetch(): boolean {
    for (const ring of this.list) this.#enterIfDue(ring);
    return this.isReady;
  }

  shutdown(): void {
    for (const ring of this.list) ring.shutdown();
    libc().close(this.#eventfd);
    this.input.unmap();
    this.#wakeCount.unmap();
  }

  #enterIfDue(ring: UringRing): void {
    if (ring.submissions.pending === 0 && (ring.isReady || !ring.hasKernelWork)) return;
    ring.enter();
    this.#owner.onEntered(ring);
    this.#fetchMore(ring);
  }

  /** The kernel brings few completions at once: larger passes join more replies. */
  #fetchMore(ring: UringRing): void {
    while (ring.isWorthEntering) {
      ring.enter();
      this.#owner.onEntered(ring);
    }
  }

  /** Lets the other rings signal; false if one has something already, about which it may not have signalled. */
  #allowWakes(): boolean {
    const { list } = this;
    let isQuiet = true;
    for (let i = 1; i < list.length; i++) {
      list[i].allowWake();
      if (list[i].hasKernelWork) isQuiet = false;
    }
    if (!isQuiet) { for (let i = 1; i < list.length; i++) list[i].denyWake(); }
    return isQuiet;
  }

  #make(): UringRing {
    const first = this.list.length * this.#perRing;
    const ring = new UringRing(this.#sys, {
      first,
      slots: Math.min(this.#perRing, this.#capacity - first),
      input: this.input,
      inputStart: this.list.length * POOLS_BYTES,
    });
    if (first > 0) ring.signalTo(this.#eventfd);
    if (!this.#isReceiving) ring.setReceiving(false);
    this.list.push(ring);
    return ring;
  }
}
