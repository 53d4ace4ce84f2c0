import type { MoveScope } from "../../wire/codes.ts";

/** How a host's users are moved elsewhere. */
export interface LeaveOrder {
  /** Users a second, of this worker. */
  readonly perS: number;
  /** So long a user may take from when they are told. */
  readonly withinMs: number;
  readonly scope: MoveScope;
}

/** How long somebody who was told may take beyond that, before their connection is ended. */
const GRACE_MS = 3_000;
/** How often a worker goes on, and what a late turn makes up for at most. */
const TURN_MS = 20;
const MAX_TURN_MS = 100;

/** What becomes of a connection: its user is told to move, or it is ended. */
export interface LeavingActs {
  tell(connection: number, order: LeaveOrder): void;
  end(connection: number): void;
}

/**
 * A worker's users leave in good order: each is told at the order's rate, and who is still there after that is ended at the
 * same rate.
 */
export class Leaving {
  readonly #capacity: number;
  readonly #acts: LeavingActs;
  #order: LeaveOrder | undefined;
  #isEnding = false;
  #next = 0;
  #owed = 0;
  #lastMs = 0;
  /** When the next turn is due, in monotonic ms. */
  nextDueMs = Infinity;

  /** @param capacity connections are numbers below this */
  constructor(capacity: number, acts: LeavingActs) {
    this.#capacity = capacity;
    this.#acts = acts;
  }

  get hasBegun(): boolean {
    return this.#order !== undefined;
  }

  /** Begins; a later order changes the rate of what is left. */
  begin(order: LeaveOrder, nowMs: number): void {
    if (this.#order === undefined) this.#lastMs = nowMs;
    this.#order = order;
    this.nextDueMs = nowMs;
  }

  /** Goes on. Whoever has already gone costs nothing of the rate. */
  turn(nowMs: number, isThere: (connection: number) => boolean): void {
    const order = this.#order;
    if (order === undefined || nowMs < this.nextDueMs) return;
    this.#owed += order.perS * Math.min(MAX_TURN_MS, nowMs - this.#lastMs) / 1000;
    this.#lastMs = nowMs;
    for (; this.#owed >= 1 && this.#next < this.#capacity; this.#next++) {
      if (!isThere(this.#next)) continue;
      this.#owed--;
      if (this.#isEnding) this.#acts.end(this.#next);
      else this.#acts.tell(this.#next, order);
    }
    this.nextDueMs = nowMs + TURN_MS;
    if (this.#next < this.#capacity) return;
    // Round again, for those who have not gone.
    this.#next = 0;
    this.#owed = 0;
    if (!this.#isEnding) this.nextDueMs = this.#lastMs = nowMs + order.withinMs + GRACE_MS;
    this.#isEnding = true;
  }
}
