import { assert } from "../../base/assert.ts";
import type { Area, EngineStats } from "../common/engine.ts";
import * as posix from "../../os/posix.ts";
import { errno, libc, mapMemory, type MappedArea } from "../../os/posix.ts";
import { SendQueues } from "../common/send_queue.ts";

const OUTPUT_BYTES = 64 * 1024;

/** What came of a send; below 0 is minus an errno, which the connection doesn't survive. */
export const SENT = 0;
/** The kernel has no room: bytes wait in the connection's queue. */
export const WAITS = 1;

/**
 * The sending half of an engine that sends at once: adjacent commits to one connection are gathered and leave as one
 * send; what the kernel doesn't take waits in the connection's bounded queue.
 */
export class GatheredSends {
  readonly output: Area;
  readonly #memory: MappedArea;
  readonly #queues: SendQueues;
  readonly #stats: EngineStats;
  readonly #c = libc();
  #connection = -1;
  #size = 0;
  #reserved = 0;

  constructor(queueBytes: number, stats: EngineStats) {
    this.output = this.#memory = mapMemory(OUTPUT_BYTES);
    this.#queues = new SendQueues(queueBytes);
    this.#stats = stats;
  }

  /** The connection whose bytes are being gathered, -1 for none. */
  get connection(): number {
    return this.#connection;
  }

  /** Whether the next reservation for a connection must wait until what is gathered has been sent. */
  mustSendBefore(connection: number, size: number): boolean {
    return connection !== this.#connection || this.#size + size > OUTPUT_BYTES;
  }

  /** See `Engine.reserve`. */
  reserve(connection: number, size: number): number {
    assert(size <= OUTPUT_BYTES, "a reservation fits the output area");
    this.#connection = connection;
    const waiting = this.#queues.isEmpty ? 0 : this.#queues.bytesOf(connection);
    if (waiting > 0 && !this.#queues.hasRoom(connection, this.#size + size)) {
      this.#stats.overfullQueues++;
      return -1;
    }
    this.#reserved = size;
    return this.#size;
  }

  /** See `Engine.commit`. */
  commit(connection: number, size: number): void {
    assert(connection === this.#connection && size <= this.#reserved, "a commit follows its reservation");
    this.#size += size;
    this.#reserved = 0;
  }

  /** Sends what was gathered, for the connection that this descriptor is. */
  send(fd: number): number {
    const connection = this.#connection;
    const size = this.#size;
    this.drop();
    if (size === 0) return SENT;
    let sent = 0;
    if (this.#queues.isEmpty || this.#queues.bytesOf(connection) === 0) {
      sent = this.#sendBytes(fd, size);
      if (sent === size) return SENT;
      if (sent < 0) return sent;
      this.#stats.queuedSends++;
    }
    this.#queues.push(connection, this.output.bytes, sent, size);
    return WAITS;
  }

  /** Nothing is gathered any more; what was, goes nowhere. */
  drop(): void {
    this.#connection = -1;
    this.#size = 0;
  }

  /** Sends what waits for a connection. Nothing may be gathered meanwhile: its memory is used. */
  sendWaiting(connection: number, fd: number): number {
    assert(this.#connection < 0, "nothing is gathered");
    while (this.#queues.bytesOf(connection) > 0) {
      // Copied to memory whose address is known; a send takes what fits there.
      const waiting = this.#queues.peek(connection);
      const size = Math.min(waiting.length, OUTPUT_BYTES);
      this.output.bytes.set(waiting.subarray(0, size));
      const sent = this.#sendBytes(fd, size);
      if (sent < 0) return sent;
      this.#queues.advance(connection, sent);
      if (sent < size) return WAITS;
    }
    return SENT;
  }

  /** Bytes that wait for a connection. */
  queuedBytes(connection: number): number {
    return this.#queues.bytesOf(connection);
  }

  /** The connection is gone. */
  forget(connection: number): void {
    if (connection === this.#connection) this.drop();
    this.#queues.clear(connection);
  }

  unmap(): void {
    this.#memory.unmap();
  }

  /** Sends the output area's first bytes. Returns how many the kernel took, or minus an errno. */
  #sendBytes(fd: number, size: number): number {
    const sent = this.#c.send(fd, this.#memory.pointer, size, posix.MSG_DONTWAIT | posix.MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    const code = errno();
    return code === posix.EAGAIN || code === posix.EINTR || code === posix.ENOBUFS ? 0 : -code;
  }
}
