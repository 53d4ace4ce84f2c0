import { assert } from "../../base/assert.ts";
import type { Engine } from "../../engine/common/engine.ts";
import { DEFER, type FrameWriter, MAX_REPLY_BYTES } from "../../plugin/plugin.ts";
import { closedMetric } from "./metrics.ts";
import { CloseCode, closeCodeName } from "../../wire/codes.ts";
import { frames } from "../../wire/v1/frames.ts";
import { type Connections, Phase } from "./connections.ts";
import { writeLastFrame } from "./logins.ts";
import type { SetCounters } from "./set_counters.ts";
import type { SetHost } from "./set_host.ts";

/** What a SET says to its connections, and how it ends them. Nothing else of a SET sends or closes. */
export class Replies {
  readonly #host: SetHost;
  readonly #engine: Engine;
  readonly #connections: Connections;
  readonly #counters: SetCounters;
  readonly #block: Float64Array;
  /** Of the room that was asked for last. */
  #roomBytes = MAX_REPLY_BYTES;

  constructor(host: SetHost, counters: SetCounters) {
    this.#host = host;
    this.#engine = host.engine;
    this.#connections = host.connections;
    this.#counters = counters;
    this.#block = counters.block;
  }

  /** Room for a reply, at this place in `view`; -1 if the peer reads too slowly. */
  room(connection: number, bytes: number = MAX_REPLY_BYTES): number {
    this.#roomBytes = bytes;
    return this.#engine.reserve(connection, bytes);
  }

  /** Where replies are written. */
  get view(): DataView {
    return this.#engine.output.view;
  }

  /** A reply was written into the room. */
  sent(connection: number, bytes: number): void {
    assert(bytes <= this.#roomBytes, "a reply fits its room");
    this.#engine.commit(connection, bytes);
    this.#block[this.#counters.at.framesOut]++;
    this.#block[this.#counters.at.bytesOut] += bytes;
  }

  /** Does what a handler intends. Returns 0 or a close code. */
  act(connection: number, intent: number): number {
    if (intent > 0) this.sent(connection, intent);
    else if (intent === DEFER) {
      this.#connections.deferred[connection]++;
      this.#block[this.#counters.at.repliesDeferred]++;
    } else if (intent < DEFER) return -intent;
    return 0;
  }

  /** Whether a connection still belongs to whom it belonged at this generation, and they are logged in. */
  isThere(connection: number, generation: number): boolean {
    return this.#engine.generation[connection] === generation &&
      this.#connections.phase[connection] === Phase.loggedIn;
  }

  /** Sends a frame that isn't the reply to the frame at hand. False if its connection is gone. */
  push(connection: number, generation: number, write: FrameWriter): boolean {
    if (!this.isThere(connection, generation)) return false;
    const at = this.room(connection);
    if (at < 0) {
      this.closeFor(connection, CloseCode.slowReader);
      return false;
    }
    const bytes = write(this.view, at);
    if (bytes > 0) this.sent(connection, bytes);
    return true;
  }

  /** The same for a reply that was deferred. */
  answer(connection: number, generation: number, write: FrameWriter): boolean {
    if (!this.isThere(connection, generation)) return false;
    this.settled(connection);
    if (!this.push(connection, generation, write)) return false;
    this.closeIfDone(connection);
    return true;
  }

  /** A reply is deferred no more. */
  settled(connection: number): void {
    this.#connections.deferred[connection]--;
  }

  /** Ends a connection whose peer sends no more, once nothing is deferred. */
  closeIfDone(connection: number): void {
    const { hasEnded, deferred } = this.#connections;
    if (hasEnded[connection] === 1 && deferred[connection] === 0) this.#engine.close(connection);
  }

  /** Ends a connection for a reason, which is counted. */
  closeFor(connection: number, code: number): void {
    this.#sayWhy(connection, code);
    this.#connections.phase[connection] = Phase.closing;
    this.countClosed(code);
    this.#engine.close(connection);
  }

  /** A connection of this SET ends for this reason. */
  countClosed(code: number): void {
    const name = code >= 300 ? "plugin" : closeCodeName(code);
    this.#block[this.#host.counters.layout.handle(closedMetric(name))]++;
  }

  /** Tells a version 1 peer why its connection ends; a slow reader has no room for it. */
  #sayWhy(connection: number, code: number): void {
    if (this.#connections.version[connection] === 0 || code === CloseCode.slowReader) return;
    const at = this.room(connection, frames.close.bytes[0]);
    if (at < 0) return;
    this.sent(connection, writeLastFrame(this.view, at, this.#host.unixMs, code));
  }
}
