/** Where a user is on their way. */
export const UserState = {
  /** Waits to dial. */
  away: 0,
  dialing: 1,
  /** Connected, and the login is on its way. */
  loggingIn: 2,
  /** Logged in. */
  ready: 3,
  /** Their connection is being closed by this side. */
  leaving: 4,
} as const;
export type UserState = typeof UserState[keyof typeof UserState];

/**
 * What a worker knows of its users, as columns: about 20 bytes a user. Times are microseconds modulo 2^32, so a
 * difference is right up to 35 minutes. Which shakes are under way is known to `OpenShakes`.
 */
export class FleetUsers {
  readonly count: number;
  readonly state: Uint8Array;
  readonly connection: Int32Array;
  /** Attempts to connect since the last login. */
  readonly attempt: Uint8Array;
  /** Since when they wait: for the next step towards their login; then, after giving a shake up, for any answer. Or 0. */
  readonly sinceUs: Uint32Array;
  /** When they logged in again, in unix seconds; 0 while they have logged in once at most. */
  readonly againSinceS: Uint32Array;
  /** The user of a connection. */
  readonly userOf: Int32Array;
  readonly #hasLoggedIn: Uint8Array;

  constructor(count: number, connections: number) {
    this.count = count;
    this.state = new Uint8Array(count);
    this.connection = new Int32Array(count).fill(-1);
    this.attempt = new Uint8Array(count);
    this.sinceUs = new Uint32Array(count);
    this.userOf = new Int32Array(connections).fill(-1);
    this.againSinceS = new Uint32Array(count);
    this.#hasLoggedIn = new Uint8Array(count);
  }

  /** The user is logged in now. */
  loggedIn(user: number, unixSeconds: number): void {
    this.state[user] = UserState.ready;
    this.sinceUs[user] = 0;
    if (this.#hasLoggedIn[user] === 1) this.againSinceS[user] = unixSeconds;
    this.#hasLoggedIn[user] = 1;
  }

  /** Whether they have been logged in, now or earlier. */
  hasLoggedIn(user: number): boolean {
    return this.#hasLoggedIn[user] === 1;
  }

  /** Begins a step towards the login. */
  begin(user: number, state: UserState, nowUs: number): void {
    this.state[user] = state;
    this.sinceUs[user] = nowUs;
  }

  /** The connection is gone. */
  leave(user: number): void {
    this.userOf[this.connection[user]] = -1;
    this.connection[user] = -1;
    this.state[user] = UserState.away;
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
