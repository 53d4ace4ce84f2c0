import type { Engine } from "../../engine/common/engine.ts";
import { CloseCode } from "../../wire/codes.ts";
import { type Connections, Phase } from "./connections.ts";

/** How long a connection may take for what, in seconds; 0 for ever. */
export interface ConnectionLimits {
  /** From the accept to the whole login. */
  readonly loginS: number;
  /** From the first byte of a frame to its last. */
  readonly frameS: number;
  /** To read what this side has sent, once the kernel takes no more of it. */
  readonly readS: number;
  /** Between two frames. */
  readonly idleS: number;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  loginS: 10,
  frameS: 20,
  readS: 20,
  idleS: 3_600,
};

/** How long a round over all connections takes, in ms. */
const ROUND_MS = 1_000;

/**
 * Looks at all connections in turn, a few in each pass, for peers that are slow or dead. A million timers are four
 * columns here and cost nothing to set: a frame stores one number.
 */
export class ConnectionWatch {
  readonly #engine: Engine;
  readonly #connections: Connections;
  readonly #limits: ConnectionLimits;
  #lastMs: number;
  #position = 0;
  #owed = 0;

  constructor(engine: Engine, connections: Connections, limits: ConnectionLimits, nowMs: number) {
    this.#engine = engine;
    this.#connections = connections;
    this.#limits = limits;
    this.#lastMs = nowMs;
  }

  /** Looks at as many connections as the time since the last call asks for; `close` is called with those to end. */
  look(nowMs: number, close: (connection: number, code: CloseCode) => void): void {
    // A host has room for a million, and mostly far fewer have ever come.
    const { rows } = this.#connections;
    this.#owed = Math.min(rows, this.#owed + rows * (nowMs - this.#lastMs) / ROUND_MS);
    this.#lastMs = nowMs;
    if (this.#owed < 1) return;
    const second = secondOf(nowMs);
    const { phase } = this.#connections;
    // Nothing waits for a slow reader on a host whose kernel has always taken everything.
    const hasQueues = this.#engine.stats.queuedSends > 0;
    for (; this.#owed >= 1; this.#owed--) {
      const connection = this.#position;
      this.#position = connection + 1 === rows ? 0 : connection + 1;
      if (phase[connection] !== Phase.open && phase[connection] !== Phase.loggedIn) continue;
      const code = this.#fault(connection, second, hasQueues);
      if (code !== 0) close(connection, code);
    }
  }

  #fault(connection: number, second: number, hasQueues: boolean): CloseCode | 0 {
    const { loginS, frameS, readS, idleS } = this.#limits;
    const { heardAtS, partialAtS, phase } = this.#connections;
    const silentS = second - heardAtS[connection];
    if (phase[connection] === Phase.open && isOver(silentS, loginS)) return CloseCode.loginTimeout;
    if (partialAtS[connection] !== 0 && isOver(second - partialAtS[connection], frameS)) {
      return CloseCode.frameTimeout;
    }
    if (hasQueues && isOver(this.#stuckS(connection, second), readS)) return CloseCode.slowReader;
    return isOver(silentS, idleS) ? CloseCode.idle : 0;
  }

  /** For how long bytes have waited for the connection's peer without a look at which none did. */
  #stuckS(connection: number, second: number): number {
    const { stuckAtS } = this.#connections;
    if (this.#engine.queuedBytes(connection) === 0) {
      stuckAtS[connection] = 0;
      return 0;
    }
    if (stuckAtS[connection] === 0) stuckAtS[connection] = second;
    return second - stuckAtS[connection];
  }
}

/** A monotonic time as a second that is never 0. */
export function secondOf(monotonicMs: number): number {
  return Math.floor(monotonicMs / 1000) + 1;
}

function isOver(spentS: number, limitS: number): boolean {
  return limitS > 0 && spentS > limitS;
}
