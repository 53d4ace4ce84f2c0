import { record } from "../../counters/histogram.ts";
import { AwardKind } from "./award_log.ts";
import { FleetMetric as M } from "./metrics.ts";
import { Booked } from "./open_shakes.ts";
import type { BackoffOptions } from "../schedule/backoff.ts";
import type { ThinkTime } from "../schedule/think_time.ts";
import { userIdOf } from "../../base/segment.ts";
import { Award } from "./won_packets.ts";
import type { FleetCommon } from "./fleet_common.ts";

/** Who knows how a server wants users to behave after "overloaded". */
export interface RefusalWatch {
  /** A user's shake was answered otherwise. */
  answered(user: number): void;
  refused(user: number): void;
  /** The pause before a retry, if the server has said one. */
  retryOf(user: number): BackoffOptions | undefined;
}

export interface UserAnswersParts extends FleetCommon {
  readonly shakeLatency: Uint32Array;
  readonly admittedLatency: Uint32Array;
  readonly wonLatency: Uint32Array;
  /** An answer that takes no longer is a good one. */
  readonly inTimeUs: number;
  /** How long a user waits before they give a shake up; 0 for ever. */
  readonly patienceUs: number;
  /** The think times of users who shake of their own accord, if they do. */
  readonly thinkTime: ThinkTime | undefined;
  readonly refusals?: RefusalWatch | undefined;
  /** Told of every login. */
  readonly onLogin: (user: number) => void;
}

/** What answers of a server come to, whatever the version that they were said in. Allocates nothing. */
export class UserAnswers {
  readonly #parts: UserAnswersParts;

  constructor(parts: UserAnswersParts) {
    this.#parts = parts;
  }

  loggedIn(user: number): void {
    const { users, block, time, thinkTime, clock } = this.#parts;
    users.loggedIn(user, time.unixSeconds);
    users.attempt[user] = 0;
    block[M.usersReady]++;
    block[M.logins]++;
    thinkTime?.begin(user, clock.nowMs);
    this.#parts.onLogin(user);
  }

  /**
   * A shake is answered, as a metric says: the one that `requestId` names, which version 0 leaves 0. `retryMs` if the
   * user was told when to come again.
   */
  shaken(user: number, requestId: number, answer: number, retryMs = 0): void {
    const { shakes, time } = this.#parts;
    this.giveUpOld(user);
    this.#booked(user, shakes.answer(user, requestId, time.nowUs), answer, retryMs);
  }

  /** An award answers a shake, unless it was known before or nobody asked. */
  awarded(user: number, requestId: number, packetId: number, amountFen: number): void {
    const { shakes, slice, block, awards, won, time } = this.#parts;
    const userId = userIdOf(slice, user);
    const award = won.addTicket(packetId, userId);
    if (award === Award.repeated) return void block[M.awardsRepeated]++;
    if (award === Award.double) block[M.awardsDouble]++;
    this.giveUpOld(user);
    const waitedUs = shakes.award(user, requestId, time.nowUs);
    // A server tells of an award after another login too, without being asked.
    if (waitedUs !== Booked.unasked) this.#booked(user, waitedUs, M.shakesWon, 0);
    if (waitedUs < Booked.untold) block[M.awardsLate]++;
    block[M.amountWonFen] += amountFen;
    if (awards?.add(userId, packetId, amountFen, AwardKind.shake, time.wallMs) === false) {
      block[M.awardsUnwritten]++;
    }
  }

  /** Gives up the shakes that have waited longer than their user does. */
  readonly giveUpOld = (user: number): void => {
    const { users, shakes, block, time, patienceUs } = this.#parts;
    const given = shakes.giveUp(user, time.nowUs);
    if (given === 0) return;
    users.sinceUs[user] ||= (time.nowUs - patienceUs) >>> 0 || 1;
    block[M.shakesOutstanding] -= given;
    block[M.shakesGivenUp] += given;
  };

  #booked(user: number, waitedUs: number, answer: number, retryMs: number): void {
    const { users, block, shakeLatency, admittedLatency, inTimeUs } = this.#parts;
    users.sinceUs[user] = 0;
    if (waitedUs === Booked.late) return void block[M.answersLate]++;
    if (waitedUs === Booked.unasked) return void block[M.answersUnasked]++;
    block[M.shakesOutstanding]--;
    block[M.shakesAnswered]++;
    block[answer]++;
    if (waitedUs === Booked.untold) block[M.latenciesUnknown]++;
    else record(shakeLatency, waitedUs);
    if (answer === M.shakesOverloaded) return this.#refused(user, retryMs);
    this.#parts.thinkTime?.answered(user);
    this.#parts.refusals?.answered(user);
    if (waitedUs === Booked.untold) return;
    record(admittedLatency, waitedUs);
    if (answer === M.shakesWon) record(this.#parts.wonLatency, waitedUs);
    if (waitedUs <= inTimeUs) block[M.shakesInTime]++;
  }

  #refused(user: number, retryMs: number): void {
    const { thinkTime, clock, refusals } = this.#parts;
    refusals?.refused(user);
    thinkTime?.refused(user, clock.nowMs, retryMs, refusals?.retryOf(user));
  }
}
