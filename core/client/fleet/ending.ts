import { PASS_BUDGET_MS } from "../../engine/common/engine.ts";
import { AwardKind } from "../state/award_log.ts";
import { UserState } from "../state/fleet_users.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import { userIdOf } from "../../base/segment.ts";
import type { FleetCommon } from "../state/fleet_common.ts";

/** How long an ending fleet waits for its last answers, and for its connections to close, in ms. */
const LAST_ANSWERS_MS = 2_000;
const LAST_CLOSES_MS = 3_000;
/** How often an ending fleet looks whether it has ended, in ms. */
const ENDING_LOOK_MS = 5;
/** How many users are closed between two looks at the clock. */
const CLOSES_PER_LOOK = 8;
/** How long a user must have been there at the end for a stay, in ms. */
const LEAST_STAY_MS = 5_000;

const Phase = { running: 0, answering: 1, closing: 2, ended: 3 } as const;

export interface FleetEndingParts extends FleetCommon {
  /** Whether whoever is there must have been told of all that is theirs: not where they may have won at another host. */
  readonly notesStays: boolean;
}

/** The way to a fleet's end: the last answers, then the connections, as many a pass as its budget allows. */
export class FleetEnding {
  readonly #parts: FleetEndingParts;
  #phase: number = Phase.running;
  #phaseUntilMs = 0;
  #closed = 0;

  constructor(parts: FleetEndingParts) {
    this.#parts = parts;
  }

  get hasBegun(): boolean {
    return this.#phase !== Phase.running;
  }

  /** Everything is closed. */
  get isOver(): boolean {
    return this.#phase === Phase.ended;
  }

  /** When an end that has begun goes on, in monotonic ms. */
  get nextDueMs(): number {
    const { clock, users } = this.#parts;
    if (this.isOver) return Infinity;
    const hasMoreToClose = this.#phase === Phase.closing && this.#closed < users.count;
    return hasMoreToClose ? clock.nowMs : clock.nowMs + ENDING_LOOK_MS;
  }

  begin(): void {
    if (this.hasBegun) return;
    this.#phase = Phase.answering;
    this.#phaseUntilMs = this.#parts.clock.nowMs + LAST_ANSWERS_MS;
  }

  /** Goes on. Returns true once, when that was all. */
  tick(): boolean {
    const { engine, users, block, clock, awards } = this.#parts;
    if (this.isOver) return false;
    if (this.#phase === Phase.answering) {
      if (block[M.shakesOutstanding] > 0 && clock.nowMs < this.#phaseUntilMs) return false;
      this.#phase = Phase.closing;
      this.#phaseUntilMs = clock.nowMs + LAST_CLOSES_MS;
    }
    const untilMs = clock.nowMs + PASS_BUDGET_MS;
    while (this.#closed < users.count && clock.nowMs < this.#phaseUntilMs) {
      const user = this.#closed++;
      if (this.#parts.notesStays) this.#noteStay(user);
      if (users.connection[user] >= 0) engine.close(users.connection[user]);
      if (user % CLOSES_PER_LOOK === 0 && clock.isPast(untilMs)) return false;
    }
    const isWaited = engine.used > 0 || (awards?.waiting ?? 0) > 0;
    if (isWaited && clock.nowMs < this.#phaseUntilMs) return false;
    this.#phase = Phase.ended;
    return true;
  }

  /** Whoever logged in again a while ago must have been told of all that is theirs: a reconcile can rely on it. */
  #noteStay(user: number): void {
    const { users, slice, clock, awards } = this.#parts;
    const sinceMs = users.againSinceS[user] * 1000;
    if (sinceMs === 0 || users.state[user] !== UserState.ready) return;
    if (clock.wall.nowMs - sinceMs < LEAST_STAY_MS) return;
    // Without room it isn't noted, which makes a reconcile less strict and never wrong.
    awards?.add(userIdOf(slice, user), 0, 0, AwardKind.stayed, sinceMs);
  }
}
