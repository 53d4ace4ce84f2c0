import { record } from "../counters/histogram.ts";
import { AwardKind, type AwardLog } from "./award_log.ts";
import type { FleetTime } from "./fleet_time.ts";
import { elapsedUs, type FleetUsers } from "./fleet_users.ts";
import { FleetMetric as M } from "./metrics.ts";
import { userIdOf, type UserSlice } from "./segment.ts";
import { Award, type WonPackets } from "./won_packets.ts";

export interface UserAnswersParts {
  readonly users: FleetUsers;
  readonly slice: UserSlice;
  readonly block: Float64Array;
  readonly shakeLatency: Uint32Array;
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
    const { users, block, time } = this.#parts;
    users.loggedIn(user, time.unixSeconds);
    users.attempt[user] = 0;
    block[M.usersReady]++;
  }

  /** The user's oldest shake is answered, as a metric says. */
  shaken(user: number, answer: number): void {
    const { users, block, shakeLatency, time } = this.#parts;
    if (users.unanswered[user] === 0) return void block[M.answersUnasked]++;
    record(shakeLatency, elapsedUs(users.shift(user), time.nowUs));
    block[M.shakesOutstanding]--;
    block[M.shakesAnswered]++;
    block[answer]++;
  }

  /** An award answers a shake, unless it was known before or nobody asked. */
  awarded(user: number, packetId: number, amountFen: number): void {
    const { users, slice, block, awards, won, time } = this.#parts;
    const userId = userIdOf(slice, user);
    const award = won.addTicket(packetId, userId);
    if (award === Award.repeated) return void block[M.awardsRepeated]++;
    if (award === Award.double) block[M.awardsDouble]++;
    if (users.unanswered[user] === 0) block[M.awardsLate]++;
    else this.shaken(user, M.shakesWon);
    block[M.amountWonFen] += amountFen;
    if (awards?.add(userId, packetId, amountFen, AwardKind.shake, time.wallMs) === false) {
      block[M.awardsUnwritten]++;
    }
  }
}
