import { elapsedUs, type FleetUsers, UserState } from "./fleet_users.ts";

/** How long a user waits for a connection, a login or an answer before he gives the connection up, in ms. */
export const ANSWER_TIMEOUT_MS = 30_000;
/** How long a round over all users takes, in ms. */
const ROUND_MS = 5_000;

/** Looks at all users in turn, a few in each pass, for those whom a server has left without an answer. */
export class StallWatch {
  readonly #users: FleetUsers;
  #lastMs: number;
  #position = 0;
  #owed = 0;

  constructor(users: FleetUsers, nowMs: number) {
    this.#users = users;
    this.#lastMs = nowMs;
  }

  /** Looks at as many users as the time since the last call asks for; `giveUp` is called with each stalled one. */
  look(nowMs: number, nowUs: number, giveUp: (user: number) => void): void {
    const { count } = this.#users;
    this.#owed = Math.min(count, this.#owed + count * (nowMs - this.#lastMs) / ROUND_MS);
    this.#lastMs = nowMs;
    for (; this.#owed >= 1; this.#owed--) {
      const user = this.#position;
      this.#position = user + 1 === count ? 0 : user + 1;
      const sinceUs = this.#users.silentUs[user] || this.#users.oldestUs(user);
      if (this.#isWaiting(user) && elapsedUs(sinceUs, nowUs) > ANSWER_TIMEOUT_MS * 1000) giveUp(user);
    }
  }

  #isWaiting(user: number): boolean {
    switch (this.#users.state[user]) {
      case UserState.dialing:
      case UserState.loggingIn:
        return true;
      case UserState.ready:
        return this.#users.unanswered[user] > 0 || this.#users.silentUs[user] > 0;
      default:
        return false;
    }
  }
}
