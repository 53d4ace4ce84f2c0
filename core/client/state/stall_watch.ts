import { elapsedUs, type FleetUsers, UserState } from "./fleet_users.ts";
import type { OpenShakes } from "./open_shakes.ts";

/** How long a user waits for a connection, a login or an answer before they give the connection up, in ms. */
export const ANSWER_TIMEOUT_MS = 30_000;
/** How long a round over all users takes, in ms. */
const ROUND_MS = 5_000;

/** Looks at all users in turn, a few in each pass, for those whom a server has left without an answer. */
export class StallWatch {
  readonly #users: FleetUsers;
  readonly #shakes: OpenShakes;
  readonly #loginMs: number;
  #lastMs: number;
  #position = 0;
  #owed = 0;

  /** @param loginMs how long a user waits for a connection or a login */
  constructor(users: FleetUsers, shakes: OpenShakes, nowMs: number, loginMs = ANSWER_TIMEOUT_MS) {
    this.#loginMs = loginMs;
    this.#users = users;
    this.#shakes = shakes;
    this.#lastMs = nowMs;
  }

  /**
   * Looks at as many users as the time since the last call asks for: `look` is called with each who is logged in,
   * `giveUp` with each who has stalled.
   */
  look(nowMs: number, nowUs: number, look: (user: number) => void, giveUp: (user: number) => void): void {
    const { count, state } = this.#users;
    this.#owed = Math.min(count, this.#owed + count * (nowMs - this.#lastMs) / ROUND_MS);
    this.#lastMs = nowMs;
    for (; this.#owed >= 1; this.#owed--) {
      const user = this.#position;
      this.#position = user + 1 === count ? 0 : user + 1;
      if (state[user] === UserState.ready) look(user);
      const mostMs = state[user] === UserState.ready ? ANSWER_TIMEOUT_MS : this.#loginMs;
      if (elapsedUs(this.#waitsSince(user, nowUs), nowUs) > mostMs * 1000) giveUp(user);
    }
  }

  /** Since when a user has waited for their server, in microseconds; `nowUs` if they don't. */
  #waitsSince(user: number, nowUs: number): number {
    const { state, sinceUs } = this.#users;
    switch (state[user]) {
      case UserState.dialing:
      case UserState.loggingIn:
        return sinceUs[user];
      case UserState.ready:
        if (sinceUs[user] !== 0) return sinceUs[user];
        return this.#shakes.count(user) > 0 ? this.#shakes.oldestUs(user, nowUs) : nowUs;
      default:
        return nowUs;
    }
  }
}
