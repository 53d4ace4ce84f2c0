import { assert } from "../../base/assert.ts";
import { CloseCause, type Engine, type EngineHandler, type EngineStats } from "../../engine/common/engine.ts";
import { decodeControl } from "../../threads/mailbox.ts";
import { FrameCursor, NO_MORE_FRAMES, WHOLE_FRAME } from "../../wire/frame_cursor.ts";
import { responseFrames } from "../../wire/version0.ts";
import { responseFrames1 } from "../../wire/v1/frames.ts";
import { DEFAULT_BACKOFF } from "../schedule/backoff.ts";
import { BAD_REDIAL_MS, BadUsers } from "../act/bad_users.ts";
import { DEFAULT_BEHAVIOUR } from "../population/behaviour.ts";
import { FleetClaims } from "../act/claims.ts";
import { FleetClock } from "../state/fleet_clock.ts";
import type { FleetCommon } from "../state/fleet_common.ts";
import { DealtPairs } from "../connect/destinations.ts";
import { FleetDials } from "../connect/dials.ts";
import { ListedHosts } from "../connect/listed_hosts.ts";
import { FleetMoves } from "../connect/moves.ts";
import { FleetEnding } from "./ending.ts";
import { FleetFollow } from "../follow/follow.ts";
import { FleetLogins } from "../connect/logins.ts";
import { FleetPasses } from "../connect/passes.ts";
import { FleetRoam } from "../connect/roam.ts";
import { FleetOpens } from "../act/opens.ts";
import { DEFAULT_IN_TIME_MS, DEFAULT_PATIENCE_MS, type FleetOptions } from "./fleet_options.ts";
import type { FleetOrder } from "../population/fleet_order.ts";
import { FleetSends } from "../act/sends.ts";
import { FleetShakes } from "../act/shakes.ts";
import { FleetTime } from "../state/fleet_time.ts";
import { FleetUsers, toUs, UserState } from "../state/fleet_users.ts";
import { LoneShakes } from "../state/lone_shakes.ts";
import { DIAL_FAILED_HANDLES, engineMetric, FleetMetric as M, fleetMetrics } from "../state/metrics.ts";
import { MOST_OPEN, NamedShakes, type OpenShakes } from "../state/open_shakes.ts";
import { ThinkTime } from "../schedule/think_time.ts";
import { type FrameTaker, framingFault, IN_ORDER, ServerFrames } from "../answers/server_frames.ts";
import { ServerFrames1 } from "../answers/server_frames_v1.ts";
import { ANSWER_TIMEOUT_MS, StallWatch } from "../state/stall_watch.ts";
import { UserAnswers } from "../state/user_answers.ts";
import { WonPackets } from "../state/won_packets.ts";

/** How long a fleet sleeps at most. */
const MAX_SLEEP_MS = 1_000;
/** How long a dial and a login may take where there are other hosts to try. */
const LISTED_LOGIN_MS = 5_000;
/** How often the engine's numbers are copied and stalled users looked for at least, in ms. */
const UPKEEP_MS = 1_000;

/**
 * The users of one thread: they dial, log in, shake, claim, send, open or misbehave, each by a part of its own. Here is
 * their turn, and what comes on their connections. It knows neither threads nor sockets, so the simulator runs the same
 * fleet in virtual time.
 */
export class Fleet implements EngineHandler {
  readonly #engine: Engine;
  readonly #options: FleetOptions;
  readonly #block: Float64Array;
  readonly #statHandles: readonly (readonly [keyof EngineStats, number])[];
  readonly #users: FleetUsers;
  readonly #open: OpenShakes;
  readonly #cursor: FrameCursor;
  readonly #frames: FrameTaker;
  readonly #clock: FleetClock;
  readonly #time = new FleetTime();
  readonly #dials: FleetDials;
  /** Users who move from server to server, if they do. */
  readonly #roam: FleetRoam | undefined;
  /** With a host list: where users go, and how they move. */
  readonly #hosts: ListedHosts | undefined;
  readonly #moves: FleetMoves | undefined;
  readonly #logins: FleetLogins;
  readonly #shakes: FleetShakes;
  readonly #claims: FleetClaims;
  /** Version 0 is told nothing, and sends nothing. */
  readonly #follow: FleetFollow | undefined;
  readonly #sends: FleetSends | undefined;
  readonly #opens: FleetOpens;
  readonly #bad: BadUsers;
  readonly #answers: UserAnswers;
  readonly #watch: StallWatch;
  /** The think times of users who shake of their own accord, if they do. */
  readonly #thinkTime: ThinkTime | undefined;
  readonly #ending: FleetEnding;
  #upkeepMs = 0;

  constructor(options: FleetOptions) {
    const { engine, counters, slice, random, protocol = 0 } = options;
    assert(engine.capacity >= slice.count, "the engine has room for every user");
    assert(
      slice.count > 0 && slice.first + (slice.count - 1) * slice.stride < options.total,
      "users are of the total",
    );
    this.#options = options;
    this.#engine = engine;
    this.#block = counters.block(options.block);
    this.#statHandles = (Object.keys(engine.stats) as (keyof EngineStats)[])
      .map((stat) => [stat, fleetMetrics.handle(engineMetric(stat))] as const);
    this.#users = new FleetUsers(slice.count, engine.capacity);
    const patienceUs = (options.patienceMs ?? DEFAULT_PATIENCE_MS) * 1000;
    this.#open = protocol === 0
      ? new LoneShakes(slice.count, patienceUs)
      : new NamedShakes(slice.count, options.mostOpen ?? MOST_OPEN, patienceUs);
    const frames = protocol === 0 ? responseFrames() : responseFrames1();
    this.#cursor = new FrameCursor(frames, engine.capacity, engine.maxReadBytes);
    const clock = this.#clock = new FleetClock(options.clock, () => this.#seek());
    const shared: FleetCommon = {
      engine,
      users: this.#users,
      shakes: this.#open,
      slice,
      block: this.#block,
      time: this.#time,
      clock,
      protocol,
      total: options.total,
      awards: options.awards,
      won: new WonPackets(),
    };
    this.#bad = new BadUsers(shared, options.misbehave ?? {});
    const thinkTime = options.gap === undefined
      ? undefined
      : new ThinkTime(slice.count, options.gap, random, clock.nowMs);
    this.#thinkTime = thinkTime;
    const behaviour = options.behaviour ?? DEFAULT_BEHAVIOUR;
    const histogram = (metric: number) => counters.histogram(options.block, metric);
    const claimLatency = histogram(M.claimLatencyUs);
    this.#claims = new FleetClaims({ ...shared, claimLatency, random: random.fork() }, behaviour);
    this.#opens = new FleetOpens({ ...shared, random: random.fork() }, behaviour);
    this.#sends = protocol === 0 ? undefined : new FleetSends(
      { ...shared, sendLatency: histogram(M.sendLatencyUs), firstRequestId: random.uint32() },
      behaviour,
      clock.wall.nowMs,
    );
    const follow = this.#follow = protocol === 0 ? undefined : new FleetFollow({
      ...shared,
      countdownError: histogram(M.countdownErrorUs),
      disobey: options.disobey ?? 0,
      onCue: options.onCue,
      onResources: options.onResources,
      random: random.fork(),
    });
    const answers = this.#answers = this.#makeAnswers(shared, patienceUs);
    const passes = protocol === 0 ? undefined : new FleetPasses({ ...shared, hide: options.hidePasses ?? 0 });
    this.#roam = options.roam && new FleetRoam({
      ...shared,
      random: random.fork(),
      stayMs: options.roam,
      leave: (user) => this.#goOn(user),
    });
    const connectLatency = histogram(M.connectLatencyUs);
    this.#logins = new FleetLogins({ ...shared, connectLatency, tokens: options.tokens, passes });
    this.#hosts = this.#makeHosts(shared);
    this.#moves = this.#hosts && new FleetMoves({
      ...shared,
      hosts: this.#hosts,
      logins: this.#logins,
      random: random.fork(),
      onMoved: (user) => {
        follow?.loggedIn(user);
        this.#opens.moved(user);
      },
    });
    this.#frames = this.#makeFrames(shared, passes);
    this.#dials = this.#makeDials(shared);
    const loginMs = this.#hosts === undefined ? ANSWER_TIMEOUT_MS : LISTED_LOGIN_MS;
    this.#watch = new StallWatch(this.#users, this.#open, clock.nowMs, loginMs);
    this.#shakes = new FleetShakes({
      ...shared,
      bad: this.#bad,
      answers,
      thinkTime,
      follow,
      pacing: options.pacing,
      qps: options.qps,
    });
    this.#ending = new FleetEnding({ ...shared, notesStays: this.#hosts === undefined });
    this.onWake();
    engine.attach(this);
  }

  #makeAnswers(shared: FleetCommon, patienceUs: number): UserAnswers {
    const { counters, block, inTimeMs = DEFAULT_IN_TIME_MS } = this.#options;
    return new UserAnswers({
      ...shared,
      refusals: this.#follow,
      onLogin: (user) => this.#roam?.loggedIn(user),
      shakeLatency: counters.histogram(block, M.shakeLatencyUs),
      admittedLatency: counters.histogram(block, M.admittedLatencyUs),
      wonLatency: counters.histogram(block, M.wonLatencyUs),
      patienceUs,
      inTimeUs: inTimeMs * 1000,
      thinkTime: this.#thinkTime,
    });
  }

  #makeFrames(shared: FleetCommon, passes: FleetPasses | undefined): FrameTaker {
    const parts = { ...shared, answers: this.#answers, claims: this.#claims };
    return this.#sends === undefined || this.#follow === undefined || passes === undefined
      ? new ServerFrames(parts)
      : new ServerFrames1({
        ...parts,
        sends: this.#sends,
        opens: this.#opens,
        follow: this.#follow,
        passes,
        moves: this.#moves,
      });
  }

  #makeDials(shared: FleetCommon): FleetDials {
    const { random, backoff = DEFAULT_BACKOFF, connectRate, targets, pairFirst = 0, pairStride = 1 } =
      this.#options;
    const roam = this.#roam;
    const destinations = this.#hosts ??
      new DealtPairs({ users: this.#users, random, backoff, targets, pairFirst, pairStride, roam });
    return new FleetDials({ ...shared, destinations, connectRate });
  }

  #makeHosts({ users, slice }: FleetCommon): ListedHosts | undefined {
    const { hosts, random } = this.#options;
    return hosts &&
      new ListedHosts({ users, slice, random: random.fork(), hosts: hosts.list, sources: hosts.sources });
  }

  /** Everything is closed: shut the engine down. */
  get isStopped(): boolean {
    return this.#ending.isOver;
  }

  /** When the last pass woke, in monotonic ms. */
  get nowMs(): number {
    return this.#clock.nowMs;
  }

  /** One turn: what came, then what is due. Sleeps at most `maxWaitMs`, less if something is due before. */
  pass(maxWaitMs = MAX_SLEEP_MS): void | Promise<void> {
    const dueInMs = this.nextDueMs() - this.#options.clock.monotonicMs();
    const polling = this.#engine.poll(Math.max(0, Math.min(maxWaitMs, dueInMs)));
    return polling instanceof Promise ? polling.then(this.#act) : this.#act();
  }

  /** When the fleet wants its next turn, should nothing reach it before, in monotonic ms. */
  nextDueMs(): number {
    if (this.#ending.hasBegun) return this.#ending.nextDueMs;
    const sendMs = this.#sends === undefined
      ? Infinity
      : this.#clock.wall.toMonotonicMs(this.#sends.nextDueMs);
    return Math.min(
      this.#dials.nextDueMs,
      this.#moves?.nextDueMs ?? Infinity,
      this.#shakes.nextDueMs(),
      this.#claims.nextDueMs,
      this.#opens.nextDueMs,
      this.#roam?.nextDueMs ?? Infinity,
      this.#follow?.clocks.nextDueMs ?? Infinity,
      sendMs,
      this.#bad.nextDueMs,
      this.#upkeepMs,
    );
  }

  /** Obeys at once; orders through the mailbox are obeyed once a pass. */
  obey(order: FleetOrder): void {
    this.#clock.read();
    switch (order.order) {
      case "rate":
        return this.#shakes.rate(order.qps);
      case "behave":
        this.#claims.behaviour = order.behaviour;
        this.#opens.behaviour = order.behaviour;
        return this.#sends?.behave(order.behaviour, this.#clock.wall.nowMs);
      case "pause":
        return this.#shakes.pause(true);
      case "resume":
        return this.#shakes.pause(false);
      case "wave":
        this.#shakes.isWaveOpen = order.isOpen;
        return;
      case "hosts":
        return this.#moves?.renew(order.hosts);
      case "stop":
        this.#moves?.end();
        return this.#ending.begin();
    }
  }

  // EngineHandler

  onWake(): void {
    const clock = this.#clock;
    clock.read();
    this.#time.nowMs = clock.nowMs;
    this.#time.nowUs = toUs(clock.nowMs);
    this.#time.wallMs = Math.floor(clock.wall.nowMs);
    this.#time.unixSeconds = Math.floor(clock.wall.nowMs / 1000);
  }

  onAccept(_connection: number): void {
    assert(false, "a fleet doesn't listen");
  }

  onConnect(connection: number): void {
    const user = this.#users.userOf[connection];
    if (this.#isBeside(connection, user)) this.#moves!.connected(connection, user);
    else if (this.#bad.isBad(user)) this.#bad.connected(connection, user);
    else this.#logins.connected(connection, user);
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
      const fault = this.#take(connection, user);
      if (fault !== IN_ORDER) return this.#breakOff(connection, user, fault);
    }
    if (found !== NO_MORE_FRAMES) this.#breakOff(connection, user, framingFault(-found));
  }

  onEnd(connection: number): void {
    const user = this.#users.userOf[connection];
    if (!this.#isBeside(connection, user)) this.#leave(user);
    this.#engine.close(connection);
  }

  onDrain(_connection: number): void {} // nobody waits for room: a full queue makes a tick an overrun

  onClose(connection: number, cause: CloseCause): void {
    const user = this.#users.userOf[connection];
    const isRunning = !this.#ending.hasBegun;
    if (this.#isBeside(connection, user)) {
      this.#cursor.forget(connection);
      return this.#moves!.closed(connection, user);
    }
    if (this.#bad.isBad(user)) {
      this.#bad.closed(user);
      if (isRunning) this.#dials.againIn(user, BAD_REDIAL_MS);
      return;
    }
    const wasDialing = this.#users.state[user] === UserState.dialing;
    this.#cursor.forget(connection);
    this.#leave(user);
    this.#users.leave(user);
    const lost = this.#open.leave(user);
    const moveMs = this.#roam?.closed(user) ?? -1;
    if (wasDialing) {
      // The watch gives up by aborting, which is a timeout to whoever reads the counters.
      const told = cause === CloseCause.aborted ? CloseCause.timeout : cause;
      if (isRunning) this.#block[DIAL_FAILED_HANDLES[told]]++;
    } else {
      this.#block[M.usersConnected]--;
      this.#block[M.shakesOutstanding] -= lost;
      this.#block[M.shakesLost] += lost;
      if (isRunning && moveMs < 0) this.#block[M.disconnects]++;
    }
    this.#thinkTime?.leave(user);
    this.#follow?.clocks.left(user);
    if (!isRunning || this.#moves?.takesOver(user) === true) return;
    if (moveMs >= 0) this.#dials.againIn(user, moveMs);
    else this.#dials.again(user);
  }

  // What a pass does after the poll. A property, so that a promise can call it without a new function.

  readonly #act = (): void => {
    this.#options.orders?.drain(this.#onOrder);
    this.#block[M.passes]++;
    if (this.#ending.hasBegun) {
      if (this.#ending.tick()) this.#upkeep();
    } else this.#doWhatIsDue();
    this.#options.awards?.flush();
    if (this.#clock.nowMs >= this.#upkeepMs) this.#upkeep();
  };

  #doWhatIsDue(): void {
    this.#dials.tick();
    this.#moves?.tick();
    this.#shakes.shakeBySchedule();
    this.#claims.tick();
    this.#opens.tick();
    this.#roam?.tick();
    this.#follow?.clocks.tick();
    this.#sends?.tick(this.#clock.wall.nowMs);
    this.#shakes.shakeAtOwnPace();
    this.#bad.tick();
    this.#watch.look(this.#clock.nowMs, this.#time.nowUs, this.#answers.giveUpOld, this.#giveUp);
  }

  readonly #onOrder = (
    _kind: number,
    _set: number,
    _plugin: number,
    words: Int32Array,
    at: number,
  ): void => this.obey(decodeControl(words, at) as FleetOrder);

  /** Whether a connection isn't its user's one: they log in elsewhere by it, or have left it. */
  #isBeside(connection: number, user: number): boolean {
    return this.#users.connection[user] !== connection;
  }

  /** Returns `IN_ORDER` or the metric of a fault. */
  #take(connection: number, user: number): number {
    if (this.#moves?.isTrial(connection, user) !== true) {
      return this.#frames.take(connection, user, this.#cursor);
    }
    return this.#moves.take(connection, user, this.#cursor) ? IN_ORDER : M.badFramesUnexpected;
  }

  /** Closes a connection whose server broke the protocol. */
  #breakOff(connection: number, user: number, fault: number): void {
    this.#block[fault]++;
    if (!this.#isBeside(connection, user)) this.#leave(user);
    this.#engine.close(connection);
  }

  readonly #giveUp = (user: number): void => {
    if (this.#users.state[user] !== UserState.dialing) {
      this.#block[M.stalls]++;
      this.#leave(user);
    }
    this.#engine.abort(this.#users.connection[user]);
  };

  /** The user goes to the next server. */
  #goOn(user: number): void {
    this.#leave(user);
    this.#engine.close(this.#users.connection[user]);
  }

  /** The user is logged in no more, and nothing further is sent for them. */
  #leave(user: number): void {
    if (this.#users.state[user] === UserState.ready && !this.#bad.isBad(user)) this.#block[M.usersReady]--;
    this.#users.state[user] = UserState.leaving;
  }

  /** The wall clock has stepped: what is on a schedule goes on from the new time. */
  #seek(): void {
    this.#shakes.seek();
    this.#sends?.seek(this.#clock.wall.nowMs);
  }

  #upkeep(): void {
    this.#upkeepMs = this.#clock.nowMs + UPKEEP_MS;
    this.#claims.upkeep();
    this.#sends?.upkeep();
    this.#block[M.wallSteps] = this.#clock.wall.steps;
    for (const [stat, handle] of this.#statHandles) this.#block[handle] = this.#engine.stats[stat];
  }
}
