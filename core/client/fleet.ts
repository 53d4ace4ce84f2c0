import { assert } from "../assert.ts";
import { record } from "../counters/histogram.ts";
import {
  CloseCause,
  type Engine,
  type EngineHandler,
  type EngineStats,
  PASS_BUDGET_MS,
} from "../engine/engine.ts";
import type { Random } from "../random/random.ts";
import { decodeControl } from "../shared/mailbox.ts";
import type { Clock } from "../time/clock.ts";
import { Opcode, Opcode1 } from "../wire/codes.ts";
import { FrameCursor, NO_MORE_FRAMES, WHOLE_FRAME } from "../wire/frame_cursor.ts";
import { FRAME_BYTES, responseFrames, writeLoginRequest, writeShakeRequest } from "../wire/version0.ts";
import { AwardKind } from "./award_log.ts";
import { fixedBytes1, responseFrames1 } from "../wire/version1.ts";
import { TOKEN_BYTES, writeLogin, writeShake } from "../wire/version1_session.ts";
import { BAD_REDIAL_MS, BadUsers } from "./bad_users.ts";
import { DEFAULT_BEHAVIOUR } from "./behaviour.ts";
import { backoffMs, type BackoffOptions, DEFAULT_BACKOFF, MAX_ATTEMPT } from "./backoff.ts";
import { ConnectPace } from "./connect_pace.ts";
import { DialQueue } from "./dial_queue.ts";
import { FleetClaims } from "./fleet_claims.ts";
import { FleetOpens } from "./fleet_opens.ts";
import { DEFAULT_IN_TIME_MS, DEFAULT_PATIENCE_MS, type FleetOptions } from "./fleet_options.ts";
import type { FleetOrder } from "./fleet_order.ts";
import { elapsedUs, FleetUsers, MAX_UNANSWERED, toUs, UserState } from "./fleet_users.ts";
import { DIAL_FAILED_HANDLES, engineMetric, FleetMetric as M, fleetMetrics } from "./metrics.ts";
import { OwnPace } from "./own_pace.ts";
import { type Pacing, Schedule } from "./pacing.ts";
import { userIdOf, userIndexOf } from "./segment.ts";
import { type FrameTaker, framingFault, IN_ORDER, ServerFrames } from "./server_frames.ts";
import { ServerFrames1 } from "./server_frames1.ts";
import { StallWatch } from "./stall_watch.ts";
import { FleetSends } from "./fleet_sends.ts";
import { FleetTime } from "./fleet_time.ts";
import { Ticker } from "./ticker.ts";
import { UserAnswers } from "./user_answers.ts";
import { WonPackets } from "./won_packets.ts";
import { WallSchedule } from "./wall_schedule.ts";

/** A tick that is older when the loop reaches it is late, in ms. A burst takes its whole second to go out. */
const LATE_MS: Readonly<Record<Pacing, number>> = { smooth: 100, burst: 1_000 };
/** How many ticks or dials are worked off between two looks at the clock. */
const TICKS_PER_LOOK = 32;
const DIALS_PER_LOOK = 8;
/** How often the engine's numbers are copied and stalled users looked for at least, in ms. */
const UPKEEP_MS = 1_000;
/** How long an ending fleet waits for its last answers, and for its connections to close, in ms. */
const LAST_ANSWERS_MS = 2_000;
const LAST_CLOSES_MS = 3_000;
/** How often an ending fleet looks whether it has ended, in ms. */
const ENDING_LOOK_MS = 5;

/** How long a user must have been there at the end for a stay, in ms. */
const LEAST_STAY_MS = 5_000;

/** Room for a login of either version. */
const LOGIN_BYTES = fixedBytes1(Opcode1.login);
/** How long a fleet's tokens are good: longer than it plays. */
const TOKEN_MS = 48 * 3_600_000;
const NO_TOKEN = new Uint8Array(TOKEN_BYTES);

const Phase = { running: 0, answering: 1, closing: 2, stopped: 3 } as const;

/**
 * The users of one thread: connects them, logs them in, lets each shake when the schedule says so, and takes the
 * answers. It knows neither threads nor sockets, so the simulator runs the same fleet in virtual time.
 *
 * Open loop: a shake leaves when it is due whatever became of those before, and its latency counts from then.
 */
export class Fleet implements EngineHandler {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: FleetOptions;
  readonly #backoff: BackoffOptions;
  readonly #block: Float64Array;
  readonly #connectLatency: Uint32Array;
  readonly #statHandles: readonly (readonly [keyof EngineStats, number])[];
  readonly #users: FleetUsers;
  readonly #cursor: FrameCursor;
  readonly #frames: FrameTaker;
  readonly #protocol: 0 | 1;
  readonly #time = new FleetTime();
  readonly #claims: FleetClaims;
  /** Version 0 sends nothing. */
  readonly #sends: FleetSends | undefined;
  readonly #opens: FleetOpens;
  readonly #queue: DialQueue;
  readonly #pace: ConnectPace;
  readonly #watch: StallWatch;
  readonly #wall: WallSchedule;
  readonly #ticker: Ticker;
  readonly #answers: UserAnswers;
  readonly #bad: BadUsers;
  /** The users' own pace, if they have one. */
  readonly #own: OwnPace | undefined;
  readonly #mostOpen: number;
  /** A tick that comes later is dropped. */
  readonly #lateMs: number;
  #isWaveOpen = true;
  #qps: number;
  #isPaused = false;
  #nowMs: number;
  #nowUs = 0;
  #upkeepMs = 0;
  #phase: number = Phase.running;
  #phaseUntilMs = 0;
  #closed = 0;

  constructor(options: FleetOptions) {
    const { engine, clock, counters, slice } = options;
    assert(engine.capacity >= slice.count, "the engine has room for every user");
    assert(
      slice.count > 0 && slice.first + (slice.count - 1) * slice.stride < options.total,
      "users are of the total",
    );
    this.#options = options;
    this.#lateMs = LATE_MS[options.pacing];
    this.#engine = engine;
    this.#clock = clock;
    this.#random = options.random;
    this.#backoff = options.backoff ?? DEFAULT_BACKOFF;
    this.#block = counters.block(options.block);
    this.#connectLatency = counters.histogram(options.block, M.connectLatencyUs);
    this.#statHandles = (Object.keys(engine.stats) as (keyof EngineStats)[])
      .map((stat) => [stat, fleetMetrics.handle(engineMetric(stat))] as const);
    this.#users = new FleetUsers(slice.count, engine.capacity);
    this.#protocol = options.protocol ?? 0;
    const frames = this.#protocol === 0 ? responseFrames() : responseFrames1();
    this.#cursor = new FrameCursor(frames, engine.capacity, engine.maxReadBytes);
    this.#nowMs = clock.monotonicMs();
    this.#wall = new WallSchedule(this.#nowMs, clock.wallMs());
    this.#bad = new BadUsers(slice, options.misbehave ?? {}, engine, this.#nowMs);
    this.#block[M.badUsers] = this.#bad.count;
    this.#block[M.usersBehaving] = slice.count - this.#bad.count;
    const own = options.gap === undefined
      ? undefined
      : new OwnPace(slice.count, options.gap, options.random, this.#nowMs);
    this.#own = own;
    this.#mostOpen = options.mostOpen ?? MAX_UNANSWERED;
    const won = new WonPackets();
    const shared = { ...this.#shared(), won, awards: options.awards };
    const behaviour = options.behaviour ?? DEFAULT_BEHAVIOUR;
    this.#claims = new FleetClaims({
      ...shared,
      claimLatency: counters.histogram(options.block, M.claimLatencyUs),
      random: options.random.fork(),
      protocol: this.#protocol,
    }, behaviour);
    this.#opens = new FleetOpens({ ...shared, random: options.random.fork() }, behaviour);
    this.#sends = this.#protocol === 0 ? undefined : new FleetSends(
      {
        ...shared,
        total: options.total,
        sendLatency: counters.histogram(options.block, M.sendLatencyUs),
        firstRequestId: options.random.uint32(),
      },
      behaviour,
      this.#wall.nowMs,
    );
    const shakeLatency = counters.histogram(options.block, M.shakeLatencyUs);
    const answers = this.#answers = new UserAnswers({
      ...shared,
      shakeLatency,
      admittedLatency: counters.histogram(options.block, M.admittedLatencyUs),
      inTimeUs: (options.inTimeMs ?? DEFAULT_IN_TIME_MS) * 1000,
      patienceUs: (options.patienceMs ?? DEFAULT_PATIENCE_MS) * 1000,
      onOverloaded: (user, retryMs) => own?.refused(user, this.#nowMs, retryMs),
      onAnswered: (user) => own?.answered(user),
      onLogin: (user) => own?.begin(user, this.#nowMs),
    });
    const framesParts = { ...shared, answers, claims: this.#claims };
    this.#frames = this.#sends === undefined
      ? new ServerFrames(framesParts)
      : new ServerFrames1({ ...framesParts, sends: this.#sends, opens: this.#opens });
    this.#queue = new DialQueue(slice.count, this.#backoff.capMs, this.#nowMs);
    for (let user = 0; user < slice.count; user++) this.#queue.add(user);
    this.#pace = new ConnectPace(options.connectRate, this.#nowMs);
    this.#watch = new StallWatch(this.#users, this.#nowMs);
    this.#qps = options.qps;
    this.#ticker = new Ticker(new Schedule(options.pacing, options.total, this.#qps), this.#wall.nowMs);
    this.onWake();
    engine.attach(this);
  }

  /** Everything is closed: shut the engine down. */
  get isStopped(): boolean {
    return this.#phase === Phase.stopped;
  }

  /** One turn: what came, then what is due. Sleeps at most `maxWaitMs`, less if something is due before. */
  pass(maxWaitMs: number): void | Promise<void> {
    const dueInMs = this.nextDueMs() - this.#clock.monotonicMs();
    const polling = this.#engine.poll(Math.max(0, Math.min(maxWaitMs, dueInMs)));
    return polling instanceof Promise ? polling.then(this.#act) : this.#act();
  }

  /** When the fleet wants its next turn, should nothing reach it before, in monotonic ms. */
  nextDueMs(): number {
    if (this.#phase === Phase.running) {
      const tickMs = this.#wall.toMonotonicMs(this.#ticker.nextDueMs);
      const sendMs = this.#sends === undefined ? Infinity : this.#wall.toMonotonicMs(this.#sends.nextDueMs);
      const dialMs = this.#queue.isReady ? this.#pace.nextMs : this.#queue.nextTurnMs;
      const ownMs = this.#own === undefined || this.#isPaused ? Infinity : this.#own.nextMs(this.#nowMs);
      const badMs = this.#bad.nextMs(this.#nowMs);
      const laterMs = Math.min(this.#claims.nextDueMs, this.#opens.nextDueMs);
      return Math.min(tickMs, sendMs, laterMs, dialMs, ownMs, badMs, this.#upkeepMs);
    }
    if (this.#phase === Phase.stopped) return Infinity;
    const hasMoreToClose = this.#phase === Phase.closing && this.#closed < this.#users.count;
    return hasMoreToClose ? this.#nowMs : this.#nowMs + ENDING_LOOK_MS;
  }

  /** Obeys at once; orders through the mailbox are obeyed once a pass. */
  obey(order: FleetOrder): void {
    this.#readClock();
    switch (order.order) {
      case "rate":
        this.#qps = order.qps;
        return this.#reschedule();
      case "behave":
        this.#claims.behaviour = order.behaviour;
        this.#opens.behaviour = order.behaviour;
        return this.#sends?.behave(order.behaviour, this.#wall.nowMs);
      case "pause":
        this.#isPaused = true;
        return this.#reschedule();
      case "resume":
        this.#isPaused = false;
        return this.#reschedule();
      case "wave":
        this.#isWaveOpen = order.isOpen;
        return;
      case "stop":
        return this.#stop();
    }
  }

  // EngineHandler

  onWake(): void {
    this.#readClock();
    this.#nowUs = toUs(this.#nowMs);
    this.#time.nowMs = this.#nowMs;
    this.#time.nowUs = this.#nowUs;
    this.#time.wallMs = Math.floor(this.#wall.nowMs);
    this.#time.unixSeconds = Math.floor(this.#wall.nowMs / 1000);
  }

  onAccept(_connection: number): void {
    assert(false, "a fleet doesn't listen");
  }

  onConnect(connection: number): void {
    const user = this.#users.userOf[connection];
    if (this.#bad.isBad(user)) return this.#badConnected(connection, user);
    this.#block[M.connects]++;
    this.#block[M.usersConnected]++;
    record(this.#connectLatency, elapsedUs(this.#users.oldestUs(user), this.#nowUs));
    this.#users.begin(user, UserState.loggingIn, this.#nowUs);
    const at = this.#engine.reserve(connection, LOGIN_BYTES);
    assert(at >= 0, "the first frame of a connection has room");
    const size = this.#writeLogin(at, userIdOf(this.#options.slice, user));
    this.#engine.commit(connection, size);
    this.#block[M.bytesOut] += size;
  }

  onBytes(connection: number, start: number, end: number): void {
    const user = this.#users.userOf[connection];
    const { input } = this.#engine;
    if (this.#bad.isBad(user)) {
      this.#block[M.badAnswers]++; // nobody looks at them
      return;
    }
    this.#block[M.bytesIn] += end - start;
    this.#cursor.load(connection, input.bytes, input.view, start, end);
    let found = this.#cursor.next();
    for (; found === WHOLE_FRAME; found = this.#cursor.next()) {
      const fault = this.#frames.take(connection, user, this.#cursor);
      if (fault !== IN_ORDER) return this.#breakOff(connection, user, fault);
    }
    if (found !== NO_MORE_FRAMES) this.#breakOff(connection, user, framingFault(-found));
  }

  onEnd(connection: number): void {
    this.#leave(this.#users.userOf[connection]);
    this.#engine.close(connection);
  }

  onDrain(_connection: number): void {} // nobody waits for room: a full queue makes a tick an overrun

  onClose(connection: number, cause: CloseCause): void {
    const users = this.#users;
    const user = users.userOf[connection];
    const isRunning = this.#phase === Phase.running;
    if (this.#bad.isBad(user)) return this.#badClosed(user, isRunning);
    const wasDialing = users.state[user] === UserState.dialing;
    this.#cursor.forget(connection);
    this.#leave(user);
    const lost = users.leave(user);
    if (wasDialing) {
      // The watch gives up by aborting, which is a timeout to whoever reads the counters.
      const told = cause === CloseCause.aborted ? CloseCause.timeout : cause;
      if (isRunning) this.#block[DIAL_FAILED_HANDLES[told]]++;
    } else {
      this.#block[M.usersConnected]--;
      this.#block[M.shakesOutstanding] -= lost;
      this.#block[M.shakesLost] += lost;
      if (isRunning) this.#block[M.disconnects]++;
    }
    this.#own?.leave(user);
    if (!isRunning) return;
    const waitMs = backoffMs(this.#random, users.attempt[user], this.#backoff);
    users.attempt[user] = Math.min(MAX_ATTEMPT, users.attempt[user] + 1);
    this.#queue.addAfter(user, this.#nowMs, waitMs);
  }

  // What a pass does after the poll. A property, so that a promise can call it without a new function.

  readonly #act = (): void => {
    this.#options.orders?.drain(this.#onOrder);
    this.#block[M.passes]++;
    if (this.#phase === Phase.running) {
      this.#dialDue();
      this.#shakeDue();
      this.#claims.tick();
      this.#opens.tick();
      this.#sends?.tick(this.#wall.nowMs);
      if (this.#own !== undefined && !this.#isPaused) this.#shakeOwn(this.#own);
      if (this.#bad.count > 0) this.#misbehave();
      this.#watch.look(this.#nowMs, this.#nowUs, this.#giveUp);
    } else this.#end();
    this.#options.awards?.flush();
    if (this.#nowMs >= this.#upkeepMs) this.#upkeep();
  };

  readonly #onOrder = (
    _kind: number,
    _set: number,
    _plugin: number,
    words: Int32Array,
    at: number,
  ): void => this.obey(decodeControl(words, at) as FleetOrder);

  #dialDue(): void {
    this.#queue.turn(this.#nowMs);
    const untilMs = this.#nowMs + PASS_BUDGET_MS;
    for (let dialed = 1; this.#queue.isReady && this.#pace.take(this.#nowMs); dialed++) {
      this.#dial(this.#queue.take());
      if (dialed % DIALS_PER_LOOK === 0 && this.#clock.monotonicMs() >= untilMs) break;
    }
  }

  #dial(user: number): void {
    const { targets, pairFirst = 0, pairStride = 1 } = this.#options;
    const connection = this.#engine.dial(targets[(pairFirst + user * pairStride) % targets.length]);
    assert(connection >= 0, "every user has a connection number");
    this.#block[M.dials]++;
    this.#users.connection[user] = connection;
    this.#users.userOf[connection] = user;
    this.#users.begin(user, UserState.dialing, this.#nowUs);
  }

  #shakeDue(): void {
    const ticker = this.#ticker;
    const { slice } = this.#options;
    if (ticker.nextDueMs > this.#wall.nowMs) return;
    const untilMs = this.#nowMs + PASS_BUDGET_MS;
    for (let ticks = 1; ticker.nextDueMs <= this.#wall.nowMs; ticks++) {
      const userId = ticker.take();
      const user = userIndexOf(slice, userId);
      if (user >= 0 && !this.#bad.isBad(user)) this.#tick(user, userId, ticker.takenDueMs);
      if (ticks % TICKS_PER_LOOK !== 0) continue;
      this.#readClock();
      if (this.#nowMs >= untilMs) break;
    }
  }

  #tick(user: number, userId: number, dueMs: number): void {
    const block = this.#block;
    block[M.shakesDue]++;
    this.#answers.giveUpOld(user);
    if (this.#wall.nowMs - dueMs > this.#lateMs) {
      block[M.ticksLate]++;
      return;
    }
    if (this.#users.state[user] !== UserState.ready) {
      block[M.ticksUnconnected]++;
      return;
    }
    const connection = this.#users.connection[user];
    const at = this.#users.unanswered[user] >= this.#mostOpen
      ? -1
      : this.#engine.reserve(connection, FRAME_BYTES[Opcode.shakeRequest]);
    if (at < 0) {
      block[M.ticksOverrun]++;
      return;
    }
    const dueUs = toUs(this.#wall.toMonotonicMs(dueMs));
    const { view } = this.#engine.output;
    const size = this.#protocol === 0
      ? writeShakeRequest(view, at, this.#time.unixSeconds, userId)
      : writeShake(view, at, this.#time.wallMs, dueUs);
    this.#engine.commit(connection, size);
    this.#users.push(user, dueUs);
    block[M.shakesSent]++;
    block[M.shakesOutstanding]++;
    block[M.bytesOut] += size;
  }

  /** Users whose own time has come. */
  #shakeOwn(own: OwnPace): void {
    const untilMs = this.#nowMs + PASS_BUDGET_MS;
    for (let user = own.take(this.#nowMs), turns = 1; user >= 0; user = own.take(this.#nowMs), turns++) {
      const dueMs = own.dueMs(user) + this.#wall.nowMs - this.#nowMs;
      if (own.shaken(user, this.#nowMs)) this.#block[M.shakesRetried]++;
      if (!this.#isWaveOpen) this.#block[M.shakesLocal]++;
      else this.#tick(user, userIdOf(this.#options.slice, user), dueMs);
      if (turns % TICKS_PER_LOOK !== 0) continue;
      this.#readClock();
      if (this.#nowMs >= untilMs) break;
    }
  }

  #badConnected(connection: number, user: number): void {
    this.#users.begin(user, UserState.ready, this.#nowUs);
    this.#block[M.badConnects]++;
    this.#block[M.badConnected]++;
    this.#bad.connected(user, connection, this.#time.unixSeconds, this.#nowMs);
    this.#block[M.badFramesSent]++;
  }

  #badClosed(user: number, isRunning: boolean): void {
    const wasConnected = this.#users.state[user] !== UserState.dialing;
    this.#users.leave(user);
    if (wasConnected) {
      this.#block[M.badConnected]--;
      this.#block[M.badDisconnects]++;
    }
    if (isRunning) this.#queue.addAfter(user, this.#nowMs, BAD_REDIAL_MS);
  }

  #misbehave(): void {
    const untilMs = this.#nowMs + PASS_BUDGET_MS;
    for (
      let user = this.#bad.take(this.#nowMs), turns = 1;
      user >= 0;
      user = this.#bad.take(this.#nowMs), turns++
    ) {
      if (this.#users.state[user] === UserState.ready) {
        const connection = this.#users.connection[user];
        const bytes = this.#bad.again(user, connection, this.#time.unixSeconds, this.#nowMs);
        if (bytes > 0) this.#block[M.badFramesSent]++;
      }
      if (turns % TICKS_PER_LOOK === 0 && this.#clock.monotonicMs() >= untilMs) break;
    }
  }

  /** Closes a connection whose server broke the protocol. */
  #breakOff(connection: number, user: number, fault: number): void {
    this.#block[fault]++;
    this.#leave(user);
    this.#engine.close(connection);
  }

  readonly #giveUp = (user: number): void => {
    if (this.#users.state[user] !== UserState.dialing) {
      this.#block[M.stalls]++;
      this.#leave(user);
    }
    this.#engine.abort(this.#users.connection[user]);
  };

  /** The user is logged in no more, and nothing further is sent for him. */
  #leave(user: number): void {
    if (this.#users.state[user] === UserState.ready && !this.#bad.isBad(user)) this.#block[M.usersReady]--;
    this.#users.state[user] = UserState.leaving;
  }

  #reschedule(): void {
    const { pacing, total } = this.#options;
    this.#ticker.follow(new Schedule(pacing, total, this.#isPaused ? 0 : this.#qps), this.#wall.nowMs);
  }

  #stop(): void {
    if (this.#phase !== Phase.running) return;
    this.#phase = Phase.answering;
    this.#phaseUntilMs = this.#nowMs + LAST_ANSWERS_MS;
  }

  /** The way to the end: the last answers, then the connections, as many a pass as its budget allows. */
  #end(): void {
    if (this.#phase === Phase.answering) {
      if (this.#block[M.shakesOutstanding] > 0 && this.#nowMs < this.#phaseUntilMs) return;
      this.#phase = Phase.closing;
      this.#phaseUntilMs = this.#nowMs + LAST_CLOSES_MS;
    }
    const untilMs = this.#nowMs + PASS_BUDGET_MS;
    while (this.#closed < this.#users.count && this.#nowMs < this.#phaseUntilMs) {
      const user = this.#closed++;
      this.#noteStay(user);
      if (this.#users.connection[user] >= 0) this.#engine.close(this.#users.connection[user]);
      if (user % DIALS_PER_LOOK === 0 && this.#clock.monotonicMs() >= untilMs) return;
    }
    const isWaited = this.#engine.used > 0 || (this.#options.awards?.waiting ?? 0) > 0;
    if (isWaited && this.#nowMs < this.#phaseUntilMs) return;
    this.#upkeep();
    this.#phase = Phase.stopped;
  }

  /** Whoever logged in again a while ago must have been told of all that is his: a reconcile can rely on it. */
  #noteStay(user: number): void {
    const sinceMs = this.#users.againSinceS[user] * 1000;
    if (sinceMs === 0 || this.#users.state[user] !== UserState.ready) return;
    if (this.#wall.nowMs - sinceMs < LEAST_STAY_MS) return;
    // Without room it isn't noted, which makes a reconcile less strict and never wrong.
    this.#options.awards?.add(userIdOf(this.#options.slice, user), 0, 0, AwardKind.stayed, sinceMs);
  }

  #readClock(): void {
    this.#nowMs = this.#clock.monotonicMs();
    // After a step the ticks in between are nobody's: the other hosts' fleets are at the new time already.
    if (this.#wall.read(this.#nowMs, this.#clock.wallMs())) this.#seek();
  }

  #seek(): void {
    this.#ticker.seek(this.#wall.nowMs);
    this.#sends?.seek(this.#wall.nowMs);
  }

  #writeLogin(at: number, userId: number): number {
    const { view } = this.#engine.output;
    if (this.#protocol === 0) return writeLoginRequest(view, at, this.#time.unixSeconds, userId);
    const { wallMs } = this.#time;
    const token = this.#options.tokens?.make(userId, wallMs + TOKEN_MS) ?? NO_TOKEN;
    return writeLogin(view, at, wallMs, userId, token);
  }

  /** What the parts of a fleet share. */
  #shared() {
    return {
      engine: this.#engine,
      users: this.#users,
      slice: this.#options.slice,
      block: this.#block,
      time: this.#time,
    };
  }

  #upkeep(): void {
    this.#upkeepMs = this.#nowMs + UPKEEP_MS;
    this.#block[M.wallSteps] = this.#wall.steps;
    for (const [stat, handle] of this.#statHandles) this.#block[handle] = this.#engine.stats[stat];
  }
}
