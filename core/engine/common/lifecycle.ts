import { assert } from "../../base/assert.ts";
import { CloseCause, type EngineHandler, type EngineOptions, LINGER_MS } from "./engine.ts";
import { Lingering } from "./lingering.ts";
import { Slots } from "./slots.ts";

/** States of a connection, from the taking of its number to its release. */
export const State = {
  free: 0,
  dialing: 1,
  open: 2,
  /** The peer sends no more. */
  ended: 3,
  /** Closed by this side, with something still to send. */
  closing: 4,
  /** All is sent, and the peer's end is waited for. */
  lingering: 5,
  /** Its socket is given back; the handler must still be told. */
  broken: 6,
} as const;

/**
 * The life of each connection of an engine whose sockets end at a call: its number, its state, how long it lingers, and
 * that the handler is told of its end from `poll` only.
 */
export abstract class Lifecycle {
  readonly capacity: number;
  readonly peerAddress: Uint32Array;
  protected readonly slots: Slots;
  /** By connection. */
  protected readonly state: Uint8Array;
  protected handler: EngineHandler | undefined;
  readonly #cause: Uint8Array;
  readonly #lingering: Lingering;
  #ends: number[] = [];

  constructor({ capacity, lingerMs = LINGER_MS }: EngineOptions) {
    this.capacity = capacity;
    this.slots = new Slots(capacity);
    this.peerAddress = new Uint32Array(capacity);
    this.state = new Uint8Array(capacity);
    this.#cause = new Uint8Array(capacity);
    this.#lingering = new Lingering(lingerMs, this.slots.generation);
  }

  get used(): number {
    return this.slots.used;
  }

  get generation(): Int32Array {
    return this.slots.generation;
  }

  attach(handler: EngineHandler): void {
    assert(this.handler === undefined, "an engine has one handler");
    this.handler = handler;
  }

  /** Gives a connection's socket back; it may have ended before. */
  protected abstract end(connection: number, cause: CloseCause): void;

  /** A number for a connection to be dialed; -1 if none is free. */
  protected startDial(address: number): number {
    const connection = this.slots.take();
    if (connection < 0) return -1;
    this.peerAddress[connection] = address;
    this.state[connection] = State.dialing;
    return connection;
  }

  /** A number for a connection that was accepted. There must be one. */
  protected startAccepted(address: number): number {
    const connection = this.slots.take();
    this.peerAddress[connection] = address;
    this.state[connection] = State.open;
    return connection;
  }

  /** This side closes: what is still to be sent, and the peer's end, have a while. */
  protected startClosing(connection: number, nowMs: number): void {
    this.state[connection] = State.closing;
    this.#lingering.add(connection, nowMs);
  }

  /** When the next connection has lingered long enough. */
  protected get nextLingerMs(): number {
    return this.#lingering.nextMs;
  }

  protected endLingering(nowMs: number): void {
    for (let c = this.#lingering.takeOver(nowMs); c >= 0; c = this.#lingering.takeOver(nowMs)) {
      if (this.state[c] === State.closing) this.end(c, CloseCause.timeout);
      else if (this.state[c] === State.lingering) this.end(c, CloseCause.closed);
    }
  }

  /** A connection has ended, for the first reason that is given. False if that was known. */
  protected markBroken(connection: number, cause: CloseCause): boolean {
    if (this.state[connection] === State.broken) return false;
    this.state[connection] = State.broken;
    this.#cause[connection] = cause;
    return true;
  }

  /** The handler is to be told, and the number to be freed, at the end of a poll. */
  protected noteEnd(connection: number): void {
    this.#ends.push(connection);
  }

  protected get hasEnds(): boolean {
    return this.#ends.length > 0;
  }

  protected tellEnds(): void {
    const ends = this.#ends;
    if (ends.length === 0) return;
    // What the handler ends meanwhile is told in the next call: a dial that fails at once must not go round in this one.
    this.#ends = [];
    for (const connection of ends) this.tellEnd(connection);
  }

  protected tellEnd(connection: number): void {
    this.handler!.onClose(connection, this.#cause[connection] as CloseCause);
    this.state[connection] = State.free;
    this.slots.release(connection);
  }
}
