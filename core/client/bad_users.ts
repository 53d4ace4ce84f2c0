import type { Engine } from "../engine/engine.ts";
import { Opcode } from "../wire/codes.ts";
import { FRAME_BYTES, writeLoginRequest, writeShakeRequest } from "../wire/version0.ts";
import { DialQueue } from "./dial_queue.ts";
import { Bad, BAD_EVERY_MS, misbehaviourOf, type MisbehaviourShares } from "./misbehaviour.ts";
import { userIdOf, type UserSlice } from "./segment.ts";

/** How many bytes of a frame a half-sender sends. */
const HALF_BYTES = 8;
/** A misbehaving user comes back so soon after his connection ended: no backoff. */
export const BAD_REDIAL_MS = 100;

/** The users of a fleet that misbehave: what each sends, and when again. They have no answers to wait for. */
export class BadUsers {
  /** By user: how he misbehaves, 0 if he doesn't. */
  readonly kind: Uint8Array;
  readonly count: number;
  readonly #slice: UserSlice;
  readonly #engine: Engine;
  readonly #wheel: DialQueue;
  readonly #isOnWheel: Uint8Array;
  /** The user as whom the whole crowd logs in, -1 without one. */
  readonly #crowdId: number = -1;

  constructor(slice: UserSlice, shares: MisbehaviourShares, engine: Engine, nowMs: number) {
    this.#slice = slice;
    this.#engine = engine;
    this.#wheel = new DialQueue(slice.count, 60_000, nowMs);
    this.#isOnWheel = new Uint8Array(slice.count);
    this.kind = new Uint8Array(slice.count);
    let count = 0;
    for (let user = 0; user < slice.count; user++) {
      const kind = misbehaviourOf(userIdOf(slice, user), shares);
      this.kind[user] = kind;
      if (kind !== Bad.none) count++;
      if (kind === Bad.crowd && this.#crowdId < 0) this.#crowdId = userIdOf(slice, user);
    }
    this.count = count;
  }

  isBad(user: number): boolean {
    return this.kind[user] !== Bad.none;
  }

  /** Whether a user reads what the server says. */
  reads(user: number): boolean {
    return this.kind[user] !== Bad.neverRead;
  }

  /** Whom a user says that he is. */
  idOf(user: number): number {
    return this.kind[user] === Bad.crowd ? this.#crowdId : userIdOf(this.#slice, user);
  }

  nextMs(nowMs: number): number {
    return this.#wheel.isReady ? nowMs : this.#wheel.nextTurnMs;
  }

  /** The user is connected. Returns how many bytes he sends at once. */
  connected(user: number, connection: number, unixSeconds: number, nowMs: number): number {
    if (!this.reads(user)) this.#engine.reads?.rest(connection, true);
    const everyMs = BAD_EVERY_MS[this.kind[user]];
    if (everyMs !== Infinity && this.#isOnWheel[user] === 0) {
      this.#isOnWheel[user] = 1;
      this.#wheel.addAfter(user, nowMs, everyMs);
    }
    if (this.kind[user] === Bad.drip) return this.#send(connection, unixSeconds, this.idOf(user), true, 1);
    const size = this.#send(connection, unixSeconds, this.idOf(user), true);
    if (this.kind[user] !== Bad.half) return size;
    return size + this.#send(connection, unixSeconds, this.idOf(user), false, HALF_BYTES);
  }

  /** The next user who does it again, -1 for none. */
  take(nowMs: number): number {
    this.#wheel.turn(nowMs);
    if (!this.#wheel.isReady) return -1;
    const user = this.#wheel.take();
    this.#isOnWheel[user] = 0;
    return user;
  }

  /** He does it again on his connection. Returns how many bytes he sends. */
  again(user: number, connection: number, unixSeconds: number, nowMs: number): number {
    this.#isOnWheel[user] = 1;
    this.#wheel.addAfter(user, nowMs, BAD_EVERY_MS[this.kind[user]]);
    if (this.kind[user] === Bad.drip) return this.#send(connection, unixSeconds, this.idOf(user), true, 1);
    return this.#send(connection, unixSeconds, this.idOf(user), false);
  }

  #send(connection: number, unixSeconds: number, id: number, isLogin: boolean, bytes = Infinity): number {
    const opcode = isLogin ? Opcode.loginRequest : Opcode.shakeRequest;
    const at = this.#engine.reserve(connection, FRAME_BYTES[opcode]);
    if (at < 0) return 0; // the server reads no more of him
    const { view } = this.#engine.output;
    const size = (isLogin ? writeLoginRequest : writeShakeRequest)(view, at, unixSeconds, id);
    const sent = Math.min(size, bytes);
    this.#engine.commit(connection, sent);
    return sent;
  }
}
