import { type Engine, PASS_BUDGET_MS } from "../../engine/common/engine.ts";
import { Opcode } from "../../wire/codes.ts";
import { FRAME_BYTES, writeShakeRequest } from "../../wire/version0.ts";
import { writeShake } from "../../wire/v1/writers.ts";
import type { BadUsers } from "./bad_users.ts";
import type { FleetFollow } from "../follow/follow.ts";
import type { FleetClock } from "../state/fleet_clock.ts";
import type { FleetTime } from "../state/fleet_time.ts";
import { type FleetUsers, toUs, UserState } from "../state/fleet_users.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import type { OpenShakes } from "../state/open_shakes.ts";
import type { ThinkTime } from "../schedule/think_time.ts";
import { type Pacing, Schedule } from "../schedule/pacing.ts";
import { userIdOf, userIndexOf, type UserSlice } from "../../base/segment.ts";
import { Ticker } from "../schedule/ticker.ts";
import type { UserAnswers } from "../state/user_answers.ts";
import type { WallSchedule } from "../schedule/wall_schedule.ts";

/** A tick that is older when the loop reaches it is late, in ms. A burst takes its whole second to go out. */
const LATE_MS: Readonly<Record<Pacing, number>> = { smooth: 100, burst: 1_000 };
/** How many ticks are worked off between two looks at the clock. */
const TICKS_PER_LOOK = 32;

export interface FleetShakesParts {
  readonly engine: Engine;
  readonly users: FleetUsers;
  readonly shakes: OpenShakes;
  readonly slice: UserSlice;
  readonly block: Float64Array;
  readonly time: FleetTime;
  readonly clock: FleetClock;
  readonly bad: BadUsers;
  readonly answers: UserAnswers;
  /** The think times of users who shake of their own accord, if they do. */
  readonly thinkTime: ThinkTime | undefined;
  /** What users were told of when and how often to shake; version 0 is told nothing. */
  readonly follow: FleetFollow | undefined;
  readonly protocol: 0 | 1;
  readonly pacing: Pacing;
  /** Users of all hosts. */
  readonly total: number;
  /** Shakes a second of all hosts together. */
  readonly qps: number;
}

/**
 * Lets each user shake when the schedule that all hosts share says so, and at their own pace if they have one.
 *
 * Open loop: a shake leaves when it is due whatever became of those before, and its latency counts from then.
 */
export class FleetShakes {
  /** While no wave is on, whoever shakes at their own pace does so on their phone alone. */
  isWaveOpen = true;
  readonly #engine: Engine;
  readonly #users: FleetUsers;
  readonly #shakes: OpenShakes;
  readonly #slice: UserSlice;
  readonly #block: Float64Array;
  readonly #time: FleetTime;
  readonly #clock: FleetClock;
  readonly #wall: WallSchedule;
  readonly #bad: BadUsers;
  readonly #answers: UserAnswers;
  readonly #thinkTime: ThinkTime | undefined;
  readonly #follow: FleetFollow | undefined;
  readonly #protocol: 0 | 1;
  readonly #pacing: Pacing;
  readonly #total: number;
  readonly #ticker: Ticker;
  readonly #shakeBytes = FRAME_BYTES[Opcode.shakeRequest];
  /** A tick that comes later is dropped. */
  readonly #lateMs: number;
  #qps: number;
  #isPaused = false;

  constructor(parts: FleetShakesParts) {
    this.#engine = parts.engine;
    this.#users = parts.users;
    this.#shakes = parts.shakes;
    this.#slice = parts.slice;
    this.#block = parts.block;
    this.#time = parts.time;
    this.#clock = parts.clock;
    this.#wall = parts.clock.wall;
    this.#bad = parts.bad;
    this.#answers = parts.answers;
    this.#thinkTime = parts.thinkTime;
    this.#follow = parts.follow;
    this.#protocol = parts.protocol;
    this.#pacing = parts.pacing;
    this.#total = parts.total;
    this.#lateMs = LATE_MS[parts.pacing];
    this.#qps = parts.qps;
    this.#ticker = new Ticker(this.#schedule(), this.#wall.nowMs);
  }

  /** When the next is due, in monotonic ms. */
  nextDueMs(): number {
    const tickMs = this.#wall.toMonotonicMs(this.#ticker.nextDueMs);
    if (this.#thinkTime === undefined || this.#isPaused) return tickMs;
    return Math.min(tickMs, this.#thinkTime.nextMs(this.#clock.nowMs));
  }

  /** From now on at this rate of all hosts together. */
  rate(qps: number): void {
    this.#qps = qps;
    this.#reschedule();
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#reschedule();
  }

  /** The wall clock has stepped: ticks in between are nobody's, the other hosts' fleets are at the new time already. */
  seek(): void {
    this.#ticker.seek(this.#wall.nowMs);
  }

  /** Users whom the schedule names. */
  shakeBySchedule(): void {
    const ticker = this.#ticker;
    const clock = this.#clock;
    if (ticker.nextDueMs > this.#wall.nowMs) return;
    const untilMs = clock.nowMs + PASS_BUDGET_MS;
    for (let ticks = 1; ticker.nextDueMs <= this.#wall.nowMs; ticks++) {
      const userId = ticker.take();
      const user = userIndexOf(this.#slice, userId);
      if (user >= 0 && !this.#bad.isBad(user)) this.#tick(user, userId, ticker.takenDueMs);
      if (ticks % TICKS_PER_LOOK !== 0) continue;
      clock.read();
      if (clock.nowMs >= untilMs) break;
    }
  }

  /** Users whose own time has come. */
  shakeAtOwnPace(): void {
    const thinkTime = this.#thinkTime;
    const clock = this.#clock;
    if (thinkTime === undefined || this.#isPaused) return;
    const untilMs = clock.nowMs + PASS_BUDGET_MS;
    for (
      let user = thinkTime.take(clock.nowMs), turns = 1;
      user >= 0;
      user = thinkTime.take(clock.nowMs), turns++
    ) {
      this.#ownTurn(user, thinkTime);
      if (turns % TICKS_PER_LOOK !== 0) continue;
      clock.read();
      if (clock.nowMs >= untilMs) break;
    }
  }

  /** The schedule names a user: they shake, unless they were told not to. */
  #tick(user: number, userId: number, dueMs: number): void {
    const follow = this.#follow;
    if (follow === undefined) return void this.#shake(user, userId, dueMs);
    if (!follow.isOn(user, this.#wall.nowMs)) this.#block[M.shakesLocal]++;
    else if (follow.waitMs(user, this.#clock.nowMs) > 0) this.#block[M.shakesPaced]++;
    else this.#shake(user, userId, dueMs);
  }

  /** A user's own time has come: they shake, put it off, or do so on their phone alone. */
  #ownTurn(user: number, thinkTime: ThinkTime): void {
    const { nowMs } = this.#clock;
    const dueMs = thinkTime.dueMs(user) + this.#wall.nowMs - nowMs;
    const isOn = this.isWaveOpen && (this.#follow?.isOn(user, this.#wall.nowMs) ?? true);
    const waitMs = isOn ? this.#follow?.waitMs(user, nowMs) ?? 0 : 0;
    if (waitMs > 0) {
      this.#block[M.shakesPaced]++;
      return thinkTime.postpone(user, nowMs, waitMs);
    }
    const isRetry = thinkTime.shaken(user, nowMs);
    if (!isOn) this.#block[M.shakesLocal]++;
    else if (this.#shake(user, userIdOf(this.#slice, user), dueMs) && isRetry) this.#block[M.shakesRetried]++;
  }

  /** @param dueMs when the shake was due, in unix ms. Returns whether it was sent. */
  #shake(user: number, userId: number, dueMs: number): boolean {
    const block = this.#block;
    block[M.shakesDue]++;
    this.#answers.giveUpOld(user);
    if (this.#wall.nowMs - dueMs > this.#lateMs) return this.#missed(M.ticksLate);
    if (this.#users.state[user] !== UserState.ready) {
      if (!this.#users.hasLoggedIn(user)) block[M.ticksConnecting]++;
      return this.#missed(M.ticksUnconnected);
    }
    const connection = this.#users.connection[user];
    const place = this.#shakes.place(user, this.#time.nowUs);
    const at = place < 0 ? -1 : this.#engine.reserve(connection, this.#shakeBytes);
    if (at < 0) return this.#missed(M.ticksOverrun);
    const requestId = this.#shakes.begin(user, place, toUs(this.#wall.toMonotonicMs(dueMs)));
    const { view } = this.#engine.output;
    const size = this.#protocol === 0
      ? writeShakeRequest(view, at, this.#time.unixSeconds, userId)
      : writeShake(view, at, this.#time.wallMs, requestId);
    this.#engine.commit(connection, size);
    this.#follow?.shaken(user, this.#clock.nowMs);
    block[M.shakesSent]++;
    block[M.shakesOutstanding]++;
    block[M.bytesOut] += size;
    return true;
  }

  #missed(why: number): false {
    this.#block[why]++;
    return false;
  }

  #reschedule(): void {
    this.#ticker.follow(this.#schedule(), this.#wall.nowMs);
  }

  #schedule(): Schedule {
    return new Schedule(this.#pacing, this.#total, this.#isPaused ? 0 : this.#qps);
  }
}
