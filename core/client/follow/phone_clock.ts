import type { Random } from "../../base/random.ts";
import { userIdOf, type UserSlice } from "../../base/segment.ts";
import type { Engine } from "../../engine/common/engine.ts";
import { TIMESTAMP_AT } from "../../wire/schema.ts";
import { readU64 } from "../../wire/u64.ts";
import { frames } from "../../wire/v1/frames.ts";
import { writePing } from "../../wire/v1/writers.ts";
import { Later } from "../schedule/later.ts";
import type { FleetTime } from "../state/fleet_time.ts";
import { type FleetUsers, UserState } from "../state/fleet_users.ts";
import { FleetMetric as M } from "../state/metrics.ts";

/** The clock of a user's phone is off by up to this much either way, in ms. */
const MOST_OFF_MS = 5_000;
/** Pings of users that hear of something together are spread over this time. */
const SPREAD_MS = 5_000;
/** An answer that took longer is tried to be bettered, so often at most, after about so long. */
const GOOD_ROUND_TRIP_MS = 40;
const MOST_TRIES = 4;
const AGAIN_MS = 1_000;
/** What was measured is good for this long; clocks drift. */
const FRESH_S = 600;
/** Who has no answer for so long may ask again. */
const ANSWER_S = 15;
const UNKNOWN = 0xffff;

export interface PhoneClocksParts {
  readonly engine: Engine;
  readonly users: FleetUsers;
  readonly slice: UserSlice;
  readonly block: Float64Array;
  readonly time: FleetTime;
  readonly random: Random;
}

/**
 * Users' phones have clocks of their own, and none is right. Each finds out by ping what its server's says. How far a
 * phone is off is decided by its user's id; the fleet's own clock is taken for the server's only to say how well it went.
 */
export class PhoneClocks {
  readonly #parts: PhoneClocksParts;
  /** By user: server's time less the phone's as far as it is known, and the round trip that said so. */
  readonly #offsetMs: Float32Array;
  readonly #roundTripMs: Uint16Array;
  /** By user: when they began to measure or have measured, in unix seconds, and the pings of that so far. */
  readonly #sinceS: Uint32Array;
  readonly #tries: Uint8Array;
  readonly #later = new Later();

  constructor(parts: PhoneClocksParts) {
    this.#parts = parts;
    const { count } = parts.users;
    this.#offsetMs = new Float32Array(count);
    this.#roundTripMs = new Uint16Array(count).fill(UNKNOWN);
    this.#sinceS = new Uint32Array(count);
    this.#tries = new Uint8Array(count);
  }

  /** When the next ping is due, in monotonic ms. */
  get nextDueMs(): number {
    return this.#later.nextDueMs;
  }

  /** How far the user's idea of the server's time is off, in ms. */
  errorMs(user: number): number {
    return this.#offMs(user) + this.#offsetMs[user];
  }

  /**
   * A user must know the server's time at this time of the fleet's clock.
   *
   * @param serverMs the server's time when it said so: off by the way here, until a ping has measured that
   */
  neededAt(user: number, wallMs: number, serverMs: number): void {
    const { time, random } = this.#parts;
    const isMeasuring = this.#tries[user] > 0;
    if (time.unixSeconds - this.#sinceS[user] < (isMeasuring ? ANSWER_S : FRESH_S)) return;
    this.#roundTripMs[user] = UNKNOWN;
    this.#offsetMs[user] = serverMs - time.wallMs - this.#offMs(user);
    this.#sinceS[user] = time.unixSeconds;
    this.#tries[user] = 1;
    const withinMs = Math.min(SPREAD_MS, Math.max(0, (wallMs - time.wallMs) / 2));
    this.#later.add(user, 0, time.nowMs + random.float() * withinMs);
  }

  /** The connection is gone, and a ping with it. */
  left(user: number): void {
    if (this.#tries[user] === 0) return;
    this.#tries[user] = 0;
    this.#sinceS[user] = 0;
  }

  tick(): void {
    this.#later.tick(this.#parts.time.nowMs, this.#ping);
  }

  /** A server has answered a ping. */
  answered(user: number, view: DataView, at: number): void {
    const { block, time, random } = this.#parts;
    block[M.pongs]++;
    const sentMs = readU64(view, at + frames.pong.at.pingMs);
    const receivedMs = time.wallMs + this.#offMs(user);
    const roundTripMs = receivedMs - sentMs;
    if (roundTripMs < 0 || roundTripMs >= UNKNOWN || this.#tries[user] === 0) return; // the clock has stepped
    if (roundTripMs <= this.#roundTripMs[user]) {
      this.#roundTripMs[user] = roundTripMs;
      this.#offsetMs[user] = readU64(view, at + TIMESTAMP_AT) - (sentMs + receivedMs) / 2;
      this.#sinceS[user] = time.unixSeconds;
    }
    if (this.#roundTripMs[user] <= GOOD_ROUND_TRIP_MS || this.#tries[user] === MOST_TRIES) {
      this.#tries[user] = 0;
      return;
    }
    this.#tries[user]++;
    this.#later.add(user, 0, time.nowMs + AGAIN_MS * (0.5 + random.float()));
  }

  readonly #ping = (user: number): void => {
    const { engine, users, block, time } = this.#parts;
    if (users.state[user] !== UserState.ready || this.#tries[user] === 0) return;
    const at = engine.reserve(users.connection[user], frames.ping.bytes[0]);
    if (at < 0) return this.left(user);
    const size = writePing(engine.output.view, at, time.wallMs + this.#offMs(user));
    engine.commit(users.connection[user], size);
    block[M.pingsSent]++;
    block[M.bytesOut] += size;
  };

  /** How far the clock of a user's phone is off, in whole ms. */
  #offMs(user: number): number {
    const part = (Math.imul(userIdOf(this.#parts.slice, user) + 1, 0x85eb_ca6b) >>> 0) / 2 ** 32;
    return Math.round((2 * part - 1) * MOST_OFF_MS);
  }
}
