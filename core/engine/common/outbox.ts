import { assert } from "../../base/assert.ts";
import type { Area, EngineStats } from "./engine.ts";
import { SendQueues } from "./send_queue.ts";

/** Most bytes of one reservation. */
const OUTPUT_BYTES = 64 * 1024;

/**
 * The sending half of engines whose writes end later: every commit goes to its connection's queue, and the engine writes
 * from there once a pass, so that adjacent commits leave as one send.
 */
export class Outbox {
  readonly output: Area;
  readonly #queues: SendQueues;
  readonly #stats: EngineStats;
  /** By connection: whether its owner saw that bytes wait, and is to be told when they are out. */
  readonly #owesDrain: Uint8Array;
  readonly #isDue: Uint8Array;
  #due: number[] = [];
  #reservedFor = -1;
  #reserved = 0;

  constructor(capacity: number, queueBytes: number, stats: EngineStats) {
    const bytes = new Uint8Array(OUTPUT_BYTES);
    this.output = { bytes, view: new DataView(bytes.buffer) };
    this.#queues = new SendQueues(queueBytes);
    this.#stats = stats;
    this.#owesDrain = new Uint8Array(capacity);
    this.#isDue = new Uint8Array(capacity);
  }

  /** Whether a connection waits for {@linkcode takeDue}. */
  get hasDue(): boolean {
    return this.#due.length > 0;
  }

  /** See `Engine.reserve`. */
  reserve(connection: number, size: number): number {
    assert(size <= OUTPUT_BYTES, "a reservation fits the output area");
    if (!this.#queues.hasRoom(connection, size)) {
      this.#stats.overfullQueues++;
      this.#owesDrain[connection] = 1;
      return -1;
    }
    this.#reservedFor = connection;
    this.#reserved = size;
    return 0;
  }

  /**
   * See `Engine.commit`.
   *
   * @param isKept false for a connection that is closing or broken: the bytes go nowhere
   */
  commit(connection: number, size: number, isKept: boolean): void {
    assert(connection === this.#reservedFor && size <= this.#reserved, "a commit follows its reservation");
    this.#reservedFor = -1;
    if (!isKept || size === 0) return;
    this.#queues.push(connection, this.output.bytes, 0, size);
    if (this.#isDue[connection] === 1) return;
    this.#isDue[connection] = 1;
    this.#due.push(connection);
  }

  /** Connections with new bytes since the last call, in the order of their first commit. */
  takeDue(): number[] {
    const due = this.#due;
    if (due.length === 0) return due;
    this.#due = [];
    for (const connection of due) this.#isDue[connection] = 0;
    return due;
  }

  /** See `Engine.queuedBytes`. */
  queuedBytes(connection: number): number {
    const bytes = this.#queues.bytesOf(connection);
    if (bytes > 0) this.#owesDrain[connection] = 1;
    return bytes;
  }

  isEmpty(connection: number): boolean {
    return this.#queues.bytesOf(connection) === 0;
  }

  /** The waiting bytes, oldest first; valid until the next commit. */
  peek(connection: number): Uint8Array {
    return this.#queues.peek(connection);
  }

  /** Bytes had to wait: their owner is told when they are out. */
  noteWait(connection: number): void {
    this.#stats.queuedSends++;
    this.#owesDrain[connection] = 1;
  }

  /** Drops what was sent. True if the queue is empty now and its owner is to be told. */
  advance(connection: number, size: number): boolean {
    this.#queues.advance(connection, size);
    if (this.#owesDrain[connection] === 0 || !this.isEmpty(connection)) return false;
    this.#owesDrain[connection] = 0;
    return true;
  }

  /** Forgets a connection that is gone. */
  clear(connection: number): void {
    this.#queues.clear(connection);
    this.#owesDrain[connection] = 0;
  }
}
