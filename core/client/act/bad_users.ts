import { PASS_BUDGET_MS } from "../../engine/common/engine.ts";
import { Opcode } from "../../wire/codes.ts";
import { FRAME_BYTES, writeLoginRequest, writeShakeRequest } from "../../wire/version0.ts";
import { TimerWheel } from "../schedule/timer_wheel.ts";
import { UserState } from "../state/fleet_users.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import { Bad, BAD_EVERY_MS, misbehaviourOf, type MisbehaviourShares } from "../population/misbehaviour.ts";
import { userIdOf } from "../../base/segment.ts";
import type { FleetCommon } from "../state/fleet_common.ts";

/** How many bytes of a frame a half-sender sends. */
const HALF_BYTES = 8;
/** A misbehaving user comes back so soon after their connection ended: no backoff. */
export const BAD_REDIAL_MS = 100;

/** How many turns are worked off between two looks at the clock. */
const TURNS_PER_LOOK = 32;

/** The users of a fleet that misbehave: what each sends, and when again. They have no answers to wait for. */
export class BadUsers {
  readonly count: number;
  readonly #parts: FleetCommon;
  /** By user: how they misbehave, 0 if they don't. */
  readonly #kind: Uint8Array;
  readonly #wheel: TimerWheel;
  readonly #isOnWheel: Uint8Array;
  /** The user as whom the whole crowd logs in, -1 without one. */
  readonly #crowdId: number = -1;

  constructor(parts: FleetCommon, shares: MisbehaviourShares) {
    const { slice, block, clock } = parts;
    this.#parts = parts;
    this.#wheel = new TimerWheel(slice.count, 60_000, clock.nowMs);
    this.#isOnWheel = new Uint8Array(slice.count);
    this.#kind = new Uint8Array(slice.count);
    let count = 0;
    for (let user = 0; user < slice.count; user++) {
      const kind = misbehaviourOf(userIdOf(slice, user), shares);
      this.#kind[user] = kind;
      if (kind !== Bad.none) count++;
      if (kind === Bad.crowd && this.#crowdId < 0) this.#crowdId = userIdOf(slice, user);
    }
    this.count = count;
    block[M.badUsers] = count;
    block[M.usersBehaving] = slice.count - count;
  }

  isBad(user: number): boolean {
    return this.#kind[user] !== Bad.none;
  }

  /** When somebody's turn may come, in monotonic ms. */
  get nextDueMs(): number {
    return this.#wheel.isReady ? this.#parts.clock.nowMs : this.#wheel.nextTurnMs;
  }

  /** The user's connection is there: they begin. */
  connected(connection: number, user: number): void {
    const { engine, users, block } = this.#parts;
    users.begin(user, UserState.ready, 0); // they wait for nothing, so nobody gives them up
    block[M.badConnects]++;
    block[M.badConnected]++;
    block[M.badFramesSent]++;
    const kind = this.#kind[user];
    if (kind === Bad.neverRead) engine.reads?.rest(connection, true);
    if (BAD_EVERY_MS[kind] !== Infinity && this.#isOnWheel[user] === 0) this.#plan(user);
    this.#sendLogin(connection, user);
    if (kind === Bad.half) this.#send(connection, user, false, HALF_BYTES);
  }

  /** Their connection is gone. */
  closed(user: number): void {
    const { users, block } = this.#parts;
    const wasConnected = users.state[user] !== UserState.dialing;
    users.leave(user);
    if (!wasConnected) return;
    block[M.badConnected]--;
    block[M.badDisconnects]++;
  }

  /** Whoever's turn has come does it again, within a pass's budget. */
  tick(): void {
    if (this.count === 0) return;
    const { users, clock } = this.#parts;
    const untilMs = clock.nowMs + PASS_BUDGET_MS;
    for (let user = this.#take(), turns = 1; user >= 0; user = this.#take(), turns++) {
      if (users.state[user] === UserState.ready) this.#again(user, users.connection[user]);
      if (turns % TURNS_PER_LOOK === 0 && clock.isPast(untilMs)) break;
    }
  }

  /** The next user whose turn has come, -1 for none. */
  #take(): number {
    this.#wheel.turn(this.#parts.clock.nowMs);
    if (!this.#wheel.isReady) return -1;
    const user = this.#wheel.take();
    this.#isOnWheel[user] = 0;
    return user;
  }

  #again(user: number, connection: number): void {
    this.#plan(user);
    const bytes = this.#kind[user] === Bad.drip
      ? this.#sendLogin(connection, user)
      : this.#send(connection, user, false);
    if (bytes > 0) this.#parts.block[M.badFramesSent]++;
  }

  #plan(user: number): void {
    this.#isOnWheel[user] = 1;
    this.#wheel.addAfter(user, this.#parts.clock.nowMs, BAD_EVERY_MS[this.#kind[user]]);
  }

  /** Who drips sends one byte of it each time. */
  #sendLogin(connection: number, user: number): number {
    return this.#send(connection, user, true, this.#kind[user] === Bad.drip ? 1 : Infinity);
  }

  /** Returns how many bytes were sent: at most `bytes` of the frame. */
  #send(connection: number, user: number, isLogin: boolean, bytes = Infinity): number {
    const { engine, time } = this.#parts;
    const opcode = isLogin ? Opcode.loginRequest : Opcode.shakeRequest;
    const at = engine.reserve(connection, FRAME_BYTES[opcode]);
    if (at < 0) return 0; // the server reads no more of them
    const write = isLogin ? writeLoginRequest : writeShakeRequest;
    const sent = Math.min(write(engine.output.view, at, time.unixSeconds, this.#idOf(user)), bytes);
    engine.commit(connection, sent);
    return sent;
  }

  /** Whom a user says that they are. */
  #idOf(user: number): number {
    return this.#kind[user] === Bad.crowd ? this.#crowdId : userIdOf(this.#parts.slice, user);
  }
}
