import { assert } from "../../base/assert.ts";
import { record } from "../../counters/histogram.ts";
import type { Tokens } from "../../token/token.ts";
import { writeLoginRequest } from "../../wire/version0.ts";
import { frames, TOKEN_BYTES } from "../../wire/v1/frames.ts";
import { writeLogin } from "../../wire/v1/writers.ts";
import { elapsedUs, UserState } from "../state/fleet_users.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import { userIdOf } from "../../base/segment.ts";
import type { FleetPasses } from "./passes.ts";
import type { FleetCommon } from "../state/fleet_common.ts";

/** Room for a login of either version. */
const LOGIN_BYTES = frames.login.bytes[0];
/** How long a fleet's tokens are good: longer than it plays. */
const TOKEN_MS = 48 * 3_600_000;
const NO_TOKEN = new Uint8Array(TOKEN_BYTES);

export interface FleetLoginsParts extends FleetCommon {
  readonly connectLatency: Uint32Array;
  readonly tokens: Tokens | undefined;
  readonly passes: FleetPasses | undefined;
}

/** The first frame of every connection: the user says who they are. */
export class FleetLogins {
  readonly #parts: FleetLoginsParts;

  constructor(parts: FleetLoginsParts) {
    this.#parts = parts;
  }

  /** The user's connection is there. */
  connected(connection: number, user: number): void {
    const { users, block, time, connectLatency } = this.#parts;
    block[M.connects]++;
    block[M.usersConnected]++;
    record(connectLatency, elapsedUs(users.sinceUs[user], time.nowUs));
    users.begin(user, UserState.loggingIn, time.nowUs);
    this.send(connection, user);
  }

  /** A user's number on the wire. */
  idOf(user: number): number {
    return userIdOf(this.#parts.slice, user);
  }

  /** Sends the user's login, the first frame of a connection. */
  send(connection: number, user: number): void {
    const { engine, block } = this.#parts;
    const at = engine.reserve(connection, LOGIN_BYTES);
    assert(at >= 0, "the first frame of a connection has room");
    const size = this.#write(at, this.idOf(user));
    engine.commit(connection, size);
    block[M.bytesOut] += size;
    this.#parts.passes?.show(connection, user);
  }

  #write(at: number, userId: number): number {
    const { engine: { output: { view } }, time, protocol, tokens } = this.#parts;
    if (protocol === 0) return writeLoginRequest(view, at, time.unixSeconds, userId);
    const token = tokens?.make(userId, time.wallMs + TOKEN_MS) ?? NO_TOKEN;
    return writeLogin(view, at, time.wallMs, userId, token);
  }
}
