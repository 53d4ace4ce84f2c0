import type { Random } from "../../base/random.ts";
import { backoffMs, type BackoffOptions, MAX_ATTEMPT } from "./backoff.ts";
import { TimerWheel } from "./timer_wheel.ts";

/** Think time: how long a user waits between two shakes, in ms, evenly between the two. */
export type Gap = readonly [leastMs: number, mostMs: number];

/** Waits after "overloaded"; the server's own advice, where it gives one, comes first. */
export const RETRY_BACKOFF: BackoffOptions = { baseMs: 1_000, capMs: 30_000 };
/** Retries that a first try makes room for, so that retries are never more than this part of them. */
const RETRIES_PER_TRY = 0.1;
/** Room for retries that a fleet may save up, so that a quiet hour isn't paid back in one second. */
const MOST_SAVED = 1_000;

/**
 * When each user shakes of their own accord: after a think time, and after "overloaded" once more when the backoff is
 * over, if the fleet's budget of retries allows it.
 */
export class ThinkTime {
  readonly #random: Random;
  readonly #gap: Gap;
  readonly #wheel: TimerWheel;
  /** Refusals in a row, and whether the next shake is a retry. */
  readonly #refusals: Uint8Array;
  readonly #isRetry: Uint8Array;
  /** When a user's next shake is due, in monotonic ms; a stale turn of the wheel is told by it. */
  readonly #dueMs: Float64Array;
  readonly #isOnWheel: Uint8Array;
  #budget = 0;

  constructor(users: number, gap: Gap, random: Random, nowMs: number) {
    this.#random = random;
    this.#gap = gap;
    this.#wheel = new TimerWheel(users, Math.max(gap[1], RETRY_BACKOFF.capMs), nowMs);
    this.#refusals = new Uint8Array(users);
    this.#isRetry = new Uint8Array(users);
    this.#dueMs = new Float64Array(users).fill(Infinity);
    this.#isOnWheel = new Uint8Array(users);
  }

  /** When somebody's turn may come, in monotonic ms. */
  nextMs(nowMs: number): number {
    return this.#wheel.isReady ? nowMs : this.#wheel.nextTurnMs;
  }

  /** A user has logged in: they shake within one gap, as if they had been there before. */
  begin(user: number, nowMs: number): void {
    this.#plan(user, nowMs, this.#random.float() * this.#gap[1], false);
  }

  /** The next user whose time has come, -1 for none. Tell `shaken` of them. */
  take(nowMs: number): number {
    this.#wheel.turn(nowMs);
    while (this.#wheel.isReady) {
      const user = this.#wheel.take();
      this.#isOnWheel[user] = 0;
      if (this.#dueMs[user] <= nowMs) return user;
      if (this.#dueMs[user] !== Infinity) this.#put(user, nowMs, this.#dueMs[user] - nowMs);
    }
    return -1;
  }

  /** When the user that `take` has returned was due. */
  dueMs(user: number): number {
    return this.#dueMs[user];
  }

  /** The user has had their turn. Returns whether it was a retry. */
  shaken(user: number, nowMs: number): boolean {
    const isRetry = this.#isRetry[user] === 1;
    if (!isRetry) this.#budget = Math.min(MOST_SAVED, this.#budget + RETRIES_PER_TRY);
    this.#plan(user, nowMs, this.#gapMs(), false);
    return isRetry;
  }

  /** The user's turn, which `take` has returned, comes some time later, in ms. */
  postpone(user: number, nowMs: number, waitMs: number): void {
    this.#plan(user, nowMs, waitMs, this.#isRetry[user] === 1);
  }

  answered(user: number): void {
    this.#refusals[user] = 0;
  }

  /** The user was told "overloaded": they try again earlier than they would have, if there is room for a retry. */
  refused(user: number, nowMs: number, retryAfterMs = 0, backoff = RETRY_BACKOFF): void {
    const attempt = this.#refusals[user];
    this.#refusals[user] = Math.min(MAX_ATTEMPT, attempt + 1);
    const waitMs = Math.max(retryAfterMs, backoffMs(this.#random, attempt, backoff));
    const hasRoom = this.#budget >= 1 && this.#isRetry[user] === 0;
    if (hasRoom && nowMs + waitMs < this.#dueMs[user]) {
      this.#budget--;
      this.#plan(user, nowMs, waitMs, true);
    } else this.#plan(user, nowMs, Math.max(waitMs, this.#dueMs[user] - nowMs), false);
  }

  /** The user is gone until `begin`. */
  leave(user: number): void {
    this.#dueMs[user] = Infinity;
    this.#isRetry[user] = 0;
  }

  #gapMs(): number {
    return this.#gap[0] + this.#random.float() * (this.#gap[1] - this.#gap[0]);
  }

  #plan(user: number, nowMs: number, waitMs: number, isRetry: boolean): void {
    this.#dueMs[user] = nowMs + waitMs;
    this.#isRetry[user] = isRetry ? 1 : 0;
    if (this.#isOnWheel[user] === 0) this.#put(user, nowMs, waitMs);
  }

  #put(user: number, nowMs: number, waitMs: number): void {
    this.#isOnWheel[user] = 1;
    this.#wheel.addAfter(user, nowMs, Math.min(waitMs, Math.max(this.#gap[1], RETRY_BACKOFF.capMs)));
  }
}
