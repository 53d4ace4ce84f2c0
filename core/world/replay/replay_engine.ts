import {
  type AcceptMode,
  type Area,
  CloseCause,
  type DialTarget,
  emptyStats,
  type Engine,
  type EngineHandler,
  type Listener,
} from "../../engine/common/engine.ts";
import type { ReadControl } from "../../engine/common/read_control.ts";
import { Slots } from "../../engine/common/slots.ts";

const INPUT_BYTES = 4 * 1024;
const OUTPUT_BYTES = 16 * 1024;

/** Where requests and replies lie. All hosts of a thread have the same: they take turns. */
export interface ReplayAreas {
  readonly input: Area;
  readonly output: Area;
}

export function replayAreas(): ReplayAreas {
  return { input: area(INPUT_BYTES), output: area(OUTPUT_BYTES) };
}

/** Those on the other side of a host's connections. */
export interface ReplayPeers {
  /** Their turn: they connect, send and leave. */
  turn(): void;
  /** A reply for one of them lies in the output, this long. */
  hear(connection: number, at: number, size: number): void;
  /** The host has ended a connection. */
  ended(connection: number): void;
}

/**
 * An engine without a network: it hands over what peers write in the turn they write it, and they hear what is committed at
 * once. There are no segments, no queues and no kernel; what stands on top of an engine runs whole.
 */
export class ReplayEngine implements Engine {
  readonly name = "sim";
  readonly capacity: number;
  readonly generation: Int32Array;
  readonly peerAddress: Uint32Array;
  readonly maxReadBytes = INPUT_BYTES;
  readonly input: Area;
  readonly output: Area;
  readonly stats = emptyStats();
  /** Everything is read as it comes, so nothing was left; how old it is, whoever models a queue says. */
  readonly reads: ReadControl & { sinceMs: number } = {
    budget: Infinity,
    sinceMs: 0,
    leftMs: 0,
    lastLeftMs: 0,
    unread: 0,
    rest: () => false,
  };
  peers!: ReplayPeers;
  #handler!: EngineHandler;
  readonly #slots: Slots;
  /** Connections that the host has ended: their peers are told in the same turn. */
  #closing: number[] = [];
  readonly #isClosing: Uint8Array;
  #at = 0;

  constructor(capacity: number, { input, output }: ReplayAreas) {
    this.capacity = capacity;
    this.input = input;
    this.output = output;
    this.#slots = new Slots(capacity);
    this.generation = this.#slots.generation;
    this.peerAddress = new Uint32Array(capacity);
    this.#isClosing = new Uint8Array(capacity);
  }

  get used(): number {
    return this.#slots.used;
  }

  attach(handler: EngineHandler): void {
    this.#handler = handler;
  }

  listen(_listener: Listener): number {
    return 0;
  }

  setAccepting(_mode: AcceptMode): void {}

  dial(_target: DialTarget): number {
    return -1; // a host dials nobody
  }

  reserve(_connection: number, size: number): number {
    if (this.#at + size > OUTPUT_BYTES) this.#at = 0;
    return this.#at;
  }

  commit(connection: number, size: number): void {
    const at = this.#at;
    this.#at += size;
    this.peers.hear(connection, at, size);
  }

  close(connection: number): void {
    if (this.#isClosing[connection] === 1) return;
    this.#isClosing[connection] = 1;
    this.#closing.push(connection);
  }

  abort(connection: number): void {
    this.close(connection);
  }

  queuedBytes(_connection: number): number {
    return 0;
  }

  poll(_maxWaitMs: number): void {
    this.#handler.onWake();
    this.peers.turn();
    this.tellClosed();
  }

  shutdown(): void {}

  // For peers, in their turn.

  /** A peer connects; returns its connection. */
  connect(): number {
    const connection = this.#slots.take();
    this.#handler.onAccept(connection);
    return connection;
  }

  /** A peer has written so many bytes to the begin of the input. */
  send(connection: number, size: number): void {
    this.#handler.onBytes(connection, 0, size);
  }

  /** A peer sends no more. The host answers by ending the connection, once nothing is deferred. */
  hangUp(connection: number): void {
    this.#handler.onEnd(connection);
    this.tellClosed();
  }

  /** Tells host and peers of the connections that have ended, and frees their numbers. */
  tellClosed(): void {
    if (this.#closing.length === 0) return;
    const closing = this.#closing;
    this.#closing = [];
    for (const connection of closing) {
      this.#handler.onClose(connection, CloseCause.closed);
      this.#slots.release(connection);
      this.#isClosing[connection] = 0;
      this.peers.ended(connection);
    }
  }
}

function area(length: number): Area {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}
