import type { Clock } from "../../base/clock.ts";
import { causeOfErrno } from "../common/cause.ts";
import { CloseCause, type EngineHandler } from "../common/engine.ts";
import { Lingering } from "../common/lingering.ts";
import type { Slots } from "../common/slots.ts";
import { State, type UringConnections } from "./connections.ts";
import type { UringOutbox } from "./outbox.ts";
import type { UringReads } from "./reads.ts";
import type { Rings } from "./ring/rings.ts";

/**
 * How connections of the io_uring engine end: in good order, by a reset, or because they broke. A number is free when
 * every operation of its connection has been answered, the close among them, and its owner was told.
 */
export class UringCloser {
  readonly #rings: Rings;
  readonly #connections: UringConnections;
  readonly #outbox: UringOutbox;
  readonly #reads: UringReads;
  readonly #slots: Slots;
  readonly #clock: Clock;
  readonly #lingering: Lingering;
  /** Closed with their last send still to be submitted. */
  readonly #closing: number[] = [];
  /** Ends of which the handler must still be told, since it is called from `poll` only. */
  #ends: number[] = [];

  constructor(
    rings: Rings,
    connections: UringConnections,
    outbox: UringOutbox,
    reads: UringReads,
    slots: Slots,
    clock: Clock,
    lingerMs: number,
  ) {
    this.#rings = rings;
    this.#connections = connections;
    this.#outbox = outbox;
    this.#reads = reads;
    this.#slots = slots;
    this.#clock = clock;
    this.#lingering = new Lingering(lingerMs, slots.generation);
  }

  /** Whether something is to be done at once. */
  get isDue(): boolean {
    return this.#ends.length > 0 || this.#closing.length > 0;
  }

  /** When the next connection has taken long enough to end. */
  get nextMs(): number {
    return this.#lingering.nextMs;
  }

  /** See `Engine.close`. */
  close(connection: number): void {
    const state = this.#connections.state[connection];
    if (state === State.dialing) return this.leave(connection, CloseCause.closed);
    if (state !== State.open && state !== State.ended) return;
    this.#outbox.flush();
    if (!this.#connections.isSending(connection)) return; // it broke
    this.#connections.state[connection] = State.closing;
    this.#lingering.add(connection, this.#clock.monotonicMs());
    if (this.#outbox.isAllOut(connection)) this.finish(connection);
    else if (this.#connections.isQueueing[connection] === 0) this.#closing.push(connection);
  }

  /** Everything is sent: says so to the peer, and reads on until it ends too. */
  finish(connection: number): void {
    if (this.#connections.hasPeerEnded[connection] === 1) return this.leave(connection, CloseCause.closed);
    this.#connections.state[connection] = State.lingering;
    this.#connections.inFlight[connection]++;
    this.#rings.to(connection).endSending(connection, this.#connections.generation[connection]);
  }

  /** Connections that were closed after a send: it is submitted now, and if it was short its queue shows it. */
  finishSubmitted(): void {
    if (this.#closing.length === 0) return;
    for (const connection of this.#closing) {
      if (this.#connections.state[connection] !== State.closing) continue;
      if (this.#outbox.isAllOut(connection)) this.finish(connection);
    }
    this.#closing.length = 0;
  }

  endLingering(nowMs: number): void {
    for (;;) {
      const connection = this.#lingering.takeOver(nowMs);
      if (connection < 0) return;
      const state = this.#connections.state[connection];
      if (state === State.lingering) this.leave(connection, CloseCause.closed);
      else if (state === State.closing) this.reset(connection, CloseCause.timeout);
    }
  }

  /** Ends a connection in whatever state it is, with a reset where there is a peer. */
  reset(connection: number, cause: CloseCause): void {
    const isUp = this.#connections.state[connection] !== State.dialing;
    if (isUp) this.#rings.to(connection).disconnect(connection);
    this.leave(connection, cause);
  }

  /** Gives the socket back and ends what is armed on it. Its number is free when all of that is told. */
  leave(connection: number, cause: CloseCause): void {
    const { state, inFlight, generation } = this.#connections;
    const armed = this.#connections.armedKind(connection);
    state[connection] = State.leaving;
    this.#connections.cause[connection] = cause;
    this.#outbox.forget(connection);
    this.#reads.forget(connection);
    const submissions = this.#rings.to(connection);
    if (inFlight[connection] > 0) submissions.cancel(connection, generation[connection], armed);
    inFlight[connection]++;
    submissions.close(connection, generation[connection]);
  }

  /** A dial that never had a socket; `code` is an errno. */
  fail(connection: number, code: number): void {
    this.#connections.state[connection] = State.leaving;
    this.#connections.cause[connection] = causeOfErrno(code);
    this.#ends.push(connection);
  }

  /** An operation of a connection that is leaving was answered. */
  freeIfDone(connection: number): void {
    if (this.#connections.inFlight[connection] === 0) this.#ends.push(connection);
  }

  tell(handler: EngineHandler): void {
    if (this.#ends.length === 0) return;
    // What ends meanwhile is told in the next poll, so that redials don't hold up this one.
    const ends = this.#ends;
    this.#ends = [];
    for (const connection of ends) {
      handler.onClose(connection, this.#connections.cause[connection] as CloseCause);
      this.#connections.state[connection] = State.free;
      this.#slots.release(connection);
    }
  }
}
