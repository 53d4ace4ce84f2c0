import { record } from "../../counters/histogram.ts";
import { AwardKind, type AwardLog } from "./award_log.ts";
import type { FleetClock } from "./fleet_clock.ts";
import type { FleetTime } from "./fleet_time.ts";
import { elapsedUs, type FleetUsers } from "./fleet_users.ts";
import { FleetMetric as M } from "./metrics.ts";
import type { OwnPace } from "../schedule/own_pace.ts";
import { userIdOf, type UserSlice } from "../../base/segment.ts";
import { Award, type WonPackets } from "./won_packets.ts";

export interface UserAnswersParts {
  readonly users: FleetUsers;
  readonly slice: UserSlice;
  readonly block: Float64Array;
  readonly shakeLatency: Uint32Array;
  readonly admittedLatency: Uint32Array;
  readonly wonLatency: Uint32Array;
  /** An answer that takes no longer is a good one. */
  readonly inTimeUs: number;
  /** A shake whose answer hasn't come by then was given up; 0 to wait for ever. */
  readonly patienceUs: number;
  /** The users' own pace, if they have one. */
  readonly own: OwnPace | undefined;
  readonly clock: FleetClock;
  readonly time: FleetTime;
  readonly won: WonPackets;
  readonly awards: AwardLog | undefined;
}

/** What answers of a server come to, whatever the version that they were said in. Allocates nothing. */
export class UserAnswers {
  readonly #parts: UserAnswersParts;

  constructor(parts: UserAnswersParts) {
    this.#parts = parts;
  }

  loggedIn(user: number): void {
    const { users, block, time, own, clock } = this.#parts;
    users.loggedIn(user, time.unixSeconds);
    users.attempt[user] = 0;
    block[M.usersReady]++;
    own?.begin(user, clock.nowMs);
  }

  /** The user's oldest shake is answered, as a metric says; `retryMs` if he was told when to come again. */
  shaken(user: number, answer: number, retryMs = 0): void {
    const { users, block, shakeLatency, admittedLatency, inTimeUs, time } = this.#parts;
    this.giveUpOld(user);
    if (users.unanswered[user] === 0) return void block[M.answersUnasked]++;
    const waitedUs = elapsedUs(users.shift(user), time.nowUs);
    record(shakeLatency, waitedUs);
    users.silentUs[user] = 0;
    block[M.shakesOutstanding]--;
    block[M.shakesAnswered]++;
    block[answer]++;
    if (answer === M.shakesOverloaded) return this.#refused(user, retryMs);
    record(admittedLatency, waitedUs);
    if (answer === M.shakesWon) record(this.#parts.wonLatency, waitedUs);
    if (waitedUs <= inTimeUs) block[M.shakesInTime]++;
    this.#parts.own?.answered(user);
  }

  #refused(user: number, retryMs: number): void {
    const { own, clock } = this.#parts;
    own?.refused(user, clock.nowMs, retryMs);
  }

  /** Gives up the shakes that have waited longer than their user does. */
  giveUpOld(user: number): void {
    const { users, block, patienceUs, time } = this.#parts;
    if (patienceUs === 0) return;
    while (users.unanswered[user] > 0 && elapsedUs(users.oldestUs(user), time.nowUs) > patienceUs) {
      const dueUs = users.shift(user);
      users.silentUs[user] ||= dueUs || 1;
      block[M.shakesOutstanding]--;
      block[M.shakesGivenUp]++;
    }
  }

  /** An award answers a shake, unless it was known before or nobody asked. */
  awarded(user: number, packetId: number, amountFen: number): void {
    const { users, slice, block, awards, won, time } = this.#parts;
    const userId = userIdOf(slice, user);
    const award = won.addTicket(packetId, userId);
    if (award === Award.repeated) return void block[M.awardsRepeated]++;
    if (award === Award.double) block[M.awardsDouble]++;
    this.giveUpOld(user);
    if (users.unanswered[user] === 0) block[M.awardsLate]++;
    else this.shaken(user, M.shakesWon);
    block[M.amountWonFen] += amountFen;
    if (awards?.add(userId, packetId, amountFen, AwardKind.shake, time.wallMs) === false) {
      block[M.awardsUnwritten]++;
    }
  }
}
