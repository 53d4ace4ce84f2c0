import {
  type AcceptMode,
  CloseCause,
  type DialTarget,
  emptyStats,
  type Engine,
  type EngineHandler,
  type Listener,
} from "../core/engine/common/engine.ts";
import { Slots } from "../core/engine/common/slots.ts";

/**
 * An engine without a network, for measuring what stands on top of one: the bench puts bytes into `input` and calls
 * the handler itself; what is sent goes nowhere.
 */
export class BenchEngine implements Engine {
  readonly name = "sim";
  readonly capacity: number;
  readonly peerAddress: Uint32Array;
  readonly maxReadBytes = 16 * 1024;
  readonly input = area(16 * 1024);
  readonly output = area(64 * 1024);
  readonly stats = emptyStats();
  handler!: EngineHandler;
  /** Bytes that were committed. */
  sentBytes = 0;
  readonly #slots: Slots;
  #at = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.peerAddress = new Uint32Array(capacity);
    this.#slots = new Slots(capacity);
  }

  get used(): number {
    return this.#slots.used;
  }

  get generation(): Int32Array {
    return this.#slots.generation;
  }

  attach(handler: EngineHandler): void {
    this.handler = handler;
  }

  listen(_listener: Listener): number {
    return 0;
  }

  setAccepting(_mode: AcceptMode): void {}

  dial(_target: DialTarget): number {
    return this.#slots.take();
  }

  /** A peer connects. */
  accept(): number {
    const connection = this.#slots.take();
    this.handler.onAccept(connection);
    return connection;
  }

  reserve(_connection: number, size: number): number {
    if (this.#at + size > this.output.bytes.length) this.#at = 0;
    return this.#at;
  }

  commit(_connection: number, size: number): void {
    this.#at += size;
    this.sentBytes += size;
  }

  close(connection: number): void {
    this.handler.onClose(connection, CloseCause.closed);
    this.#slots.release(connection);
  }

  abort(connection: number): void {
    this.close(connection);
  }

  queuedBytes(_connection: number): number {
    return 0;
  }

  /** Nothing comes by itself. */
  poll(_maxWaitMs: number): void {
    this.handler.onWake();
  }

  shutdown(): void {}
}

function area(length: number) {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}
