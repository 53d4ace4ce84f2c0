/**
 * What the kernel did not take, by connection: rare, so it lives in a map beside the columns. The first unsent byte of
 * a connection is at `head` of its bytes.
 */
interface Waiting {
  bytes: Uint8Array;
  head: number;
  tail: number;
}

/** Bounded queues of outgoing bytes, one a connection, in order. */
export class SendQueues {
  readonly #waiting = new Map<number, Waiting>();
  readonly #maxBytes: number;

  /** @param maxBytes most bytes that wait for one connection */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Bytes that wait for a connection. */
  bytesOf(connection: number): number {
    const waiting = this.#waiting.get(connection);
    return waiting === undefined ? 0 : waiting.tail - waiting.head;
  }

  /** Whether `size` more bytes fit. */
  hasRoom(connection: number, size: number): boolean {
    return this.bytesOf(connection) + size <= this.#maxBytes;
  }

  /** Appends `bytes[start, end)`; the caller has asked `hasRoom` first, or lets one rest of a send exceed the bound. */
  push(connection: number, bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    let waiting = this.#waiting.get(connection);
    if (waiting === undefined) {
      waiting = { bytes: new Uint8Array(Math.max(256, size)), head: 0, tail: 0 };
      this.#waiting.set(connection, waiting);
    }
    if (waiting.tail + size > waiting.bytes.length) {
      const live = waiting.tail - waiting.head;
      const roomy = live + size <= waiting.bytes.length ? waiting.bytes : new Uint8Array((live + size) * 2);
      roomy.set(waiting.bytes.subarray(waiting.head, waiting.tail));
      waiting.bytes = roomy;
      waiting.head = 0;
      waiting.tail = live;
    }
    waiting.bytes.set(bytes.subarray(start, end), waiting.tail);
    waiting.tail += size;
  }

  /** The waiting bytes of a connection, oldest first; empty if there are none. Valid until the next `push`. */
  peek(connection: number): Uint8Array {
    const waiting = this.#waiting.get(connection);
    return waiting === undefined ? EMPTY : waiting.bytes.subarray(waiting.head, waiting.tail);
  }

  /** Drops the first `size` bytes, which were sent. */
  advance(connection: number, size: number): void {
    const waiting = this.#waiting.get(connection);
    if (waiting === undefined) return;
    waiting.head += size;
    if (waiting.head >= waiting.tail) this.#waiting.delete(connection);
  }

  /** Forgets a connection's bytes: it is gone. */
  clear(connection: number): void {
    this.#waiting.delete(connection);
  }
}

const EMPTY = new Uint8Array(0);
