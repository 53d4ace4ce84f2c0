import { assert } from "../../base/assert.ts";

/** Where a user is on his way. */
export const UserState = {
  /** Waits to dial. */
  away: 0,
  dialing: 1,
  /** Connected, and the login is on its way. */
  loggingIn: 2,
  /** Logged in. */
  ready: 3,
  /** His connection is being closed by this side. */
  leaving: 4,
} as const;
export type UserState = typeof UserState[keyof typeof UserState];

/** Most unanswered shakes of one user. */
export const MAX_UNANSWERED = 8;

/**
 * What a worker knows of its users, as columns: about 50 bytes a user. Times are microseconds modulo 2^32, so a
 * difference is right up to 71 minutes.
 */
export class FleetUsers {
  readonly count: number;
  readonly state: Uint8Array;
  readonly connection: Int32Array;
  /** Attempts to connect since the last login. */
  readonly attempt: Uint8Array;
  /** Unanswered shakes. */
  readonly unanswered: Uint8Array;
  /** Since when nothing was answered and a shake was given up, 0 if it isn't so. */
  readonly silentUs: Uint32Array;
  /** When he logged in again, in unix seconds; 0 while he has logged in once at most. */
  readonly againSinceS: Uint32Array;
  /** The user of a connection. */
  readonly userOf: Int32Array;
  readonly #hasLoggedIn: Uint8Array;
  readonly #oldest: Uint8Array;
  /** By user, a ring: when each unanswered shake was due. Before the login: when the present step began. */
  readonly #dueUs: Uint32Array;

  constructor(count: number, connections: number) {
    this.count = count;
    this.state = new Uint8Array(count);
    this.connection = new Int32Array(count).fill(-1);
    this.attempt = new Uint8Array(count);
    this.unanswered = new Uint8Array(count);
    this.silentUs = new Uint32Array(count);
    this.userOf = new Int32Array(connections).fill(-1);
    this.againSinceS = new Uint32Array(count);
    this.#hasLoggedIn = new Uint8Array(count);
    this.#oldest = new Uint8Array(count);
    this.#dueUs = new Uint32Array(count * MAX_UNANSWERED);
  }

  /** The user is logged in now. */
  loggedIn(user: number, unixSeconds: number): void {
    this.state[user] = UserState.ready;
    if (this.#hasLoggedIn[user] === 1) this.againSinceS[user] = unixSeconds;
    this.#hasLoggedIn[user] = 1;
  }

  /** A shake that was due at `dueUs` has left. */
  push(user: number, dueUs: number): void {
    const unanswered = this.unanswered[user];
    assert(unanswered < MAX_UNANSWERED, "a user has at most MAX_UNANSWERED shakes under way");
    this.#dueUs[user * MAX_UNANSWERED + ((this.#oldest[user] + unanswered) & (MAX_UNANSWERED - 1))] = dueUs;
    this.unanswered[user] = unanswered + 1;
  }

  /**
   * The oldest unanswered shake has its answer; returns when it was due. An answer that overtook a winner's is taken
   * for the winner's: version 0 frames don't say which shake they answer.
   */
  shift(user: number): number {
    assert(this.unanswered[user] > 0, "an answered shake was under way");
    const dueUs = this.oldestUs(user);
    this.#oldest[user] = (this.#oldest[user] + 1) & (MAX_UNANSWERED - 1);
    this.unanswered[user]--;
    return dueUs;
  }

  /** When the oldest unanswered shake was due, or the present step towards the login began. */
  oldestUs(user: number): number {
    return this.#dueUs[user * MAX_UNANSWERED + this.#oldest[user]];
  }

  /** Begins a step towards the login. Nothing is unanswered then. */
  begin(user: number, state: UserState, nowUs: number): void {
    this.state[user] = state;
    this.#oldest[user] = 0;
    this.#dueUs[user * MAX_UNANSWERED] = nowUs;
  }

  /** The connection is gone; returns how many shakes will never be answered. */
  leave(user: number): number {
    const lost = this.unanswered[user];
    this.userOf[this.connection[user]] = -1;
    this.connection[user] = -1;
    this.unanswered[user] = 0;
    this.silentUs[user] = 0;
    this.state[user] = UserState.away;
    return lost;
  }
}

/** A monotonic time in ms as microseconds modulo 2^32. */
export function toUs(ms: number): number {
  return Math.round(ms * 1000) >>> 0;
}

/** Microseconds from `sinceUs` to `nowUs`, both modulo 2^32; 0 if it lies ahead. */
export function elapsedUs(sinceUs: number, nowUs: number): number {
  const elapsed = (nowUs - sinceUs) >>> 0;
  return elapsed < 0x8000_0000 ? elapsed : 0;
}
