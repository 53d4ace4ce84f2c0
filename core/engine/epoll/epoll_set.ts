import { assert } from "../../base/assert.ts";
import * as posix from "../../os/posix.ts";
import { errno, libc, mapMemory, type MappedArea } from "../../os/posix.ts";

/** Events of one wait. */
export const BATCH = 1024;
/** `struct epoll_event` on x86-64 is packed; elsewhere its data is aligned. */
const EVENT_BYTES = Deno.build.arch === "x86_64" ? 12 : 16;
const EVENT_DATA = EVENT_BYTES - 8;

const CTL_ADD = 1;
const CTL_DEL = 2;
const CTL_MOD = 3;

export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 16;
export const EPOLLRDHUP = 1 << 13;
export const EPOLLET = 1 << 31;
export const EPOLLEXCLUSIVE = 1 << 28;

/** Numbers from here on are no connections but what the engine itself watches. */
export const FIRST_TAG = 0xffff_fff0;

/**
 * What epoll(7) watches: the descriptors of connections, told apart by number and generation, and some of the engine's
 * own, told apart by tag. Holds the events of the last wait.
 */
export class EpollSet {
  readonly #c = libc();
  readonly #fd: number;
  readonly #events: MappedArea;
  readonly #view: DataView;
  readonly #argument = new Uint8Array(16);
  readonly #argumentView = new DataView(this.#argument.buffer);
  /** By connection. */
  readonly #interest: Int32Array;

  constructor(capacity: number) {
    this.#interest = new Int32Array(capacity);
    this.#events = mapMemory(BATCH * EVENT_BYTES);
    this.#view = this.#events.view;
    this.#fd = this.#c.epoll_create1(posix.SOCK_CLOEXEC);
    assert(this.#fd >= 0, "an epoll can be had");
  }

  /** Waits up to so long, rounded up: waking early would only look again, over and over. Returns how many came. */
  wait(maxWaitMs: number): number {
    const count = this.#c.epoll_wait(this.#fd, this.#events.pointer, BATCH, Math.ceil(maxWaitMs));
    assert(count >= 0 || errno() === posix.EINTR, "epoll_wait is called rightly");
    return Math.max(0, count);
  }

  flagsAt(event: number): number {
    return this.#view.getUint32(event * EVENT_BYTES, true);
  }

  /** A connection, or a tag. */
  connectionAt(event: number): number {
    return this.#view.getUint32(event * EVENT_BYTES + EVENT_DATA, true);
  }

  generationAt(event: number): number {
    return this.#view.getInt32(event * EVENT_BYTES + EVENT_DATA + 4, true);
  }

  /** What a connection is watched for. */
  interestOf(connection: number): number {
    return this.#interest[connection];
  }

  add(connection: number, fd: number, generation: number, interest: number): void {
    this.#interest[connection] = interest;
    this.#control(CTL_ADD, fd, interest, connection, generation);
  }

  change(connection: number, fd: number, generation: number, interest: number): void {
    if (this.#interest[connection] === interest) return;
    this.#interest[connection] = interest;
    this.#control(CTL_MOD, fd, interest, connection, generation);
  }

  /** A connection's descriptor is closed, which ends the watching. */
  forget(connection: number): void {
    this.#interest[connection] = 0;
  }

  addTag(tag: number, fd: number, interest: number): void {
    this.#control(CTL_ADD, fd, interest, tag, 0);
  }

  removeTag(fd: number): void {
    this.#control(CTL_DEL, fd, 0, 0, 0);
  }

  close(): void {
    this.#c.close(this.#fd);
    this.#events.unmap();
  }

  #control(operation: number, fd: number, interest: number, tag: number, generation: number): void {
    this.#argumentView.setUint32(0, interest, true);
    this.#argumentView.setUint32(EVENT_DATA, tag, true);
    this.#argumentView.setInt32(EVENT_DATA + 4, generation, true);
    const result = this.#c.epoll_ctl(this.#fd, operation, fd, this.#argument);
    assert(result === 0, `epoll_ctl ${operation} is called rightly (errno ${result === 0 ? 0 : errno()})`);
  }
}
