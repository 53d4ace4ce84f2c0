import type { Random } from "../../base/random.ts";
import type { DialedHosts } from "../../hosts/order/dialed_hosts.ts";
import { PASS_BUDGET_MS } from "../../engine/common/engine.ts";
import type { FrameCursor } from "../../wire/frame_cursor.ts";
import { frames, Opcode1 } from "../../wire/v1/frames.ts";
import { TimerWheel } from "../schedule/timer_wheel.ts";
import type { FleetCommon } from "../state/fleet_common.ts";
import { UserState } from "../state/fleet_users.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import { type ListedHosts, MAX_WAIT_MS } from "./listed_hosts.ts";
import type { FleetLogins } from "./logins.ts";

/** How long a login elsewhere may take, and how long the old connection stays for what is still on its way. */
const LOGIN_MS = 5_000;
const LINGER_MS = 2_000;
/** With no connection number free, they try again after so long. */
const RETRY_MS = 100;
const MOVES_PER_LOOK = 8;

export interface FleetMovesParts extends FleetCommon {
  readonly hosts: ListedHosts;
  readonly logins: FleetLogins;
  readonly random: Random;
  /** The user is logged in elsewhere. */
  readonly onMoved: (user: number) => void;
}

/** A login elsewhere, while the user is still where they were. */
interface Trial {
  readonly connection: number;
  readonly place: number;
  readonly step: number;
  readonly untilMs: number;
  isUp: boolean;
}

/**
 * Users of version 1 who go elsewhere in good order: they log in there first and leave then, so nobody is without a host.
 * They go when a host tells them to, when a new list has no place for them, and home again after a while.
 */
export class FleetMoves {
  readonly #parts: FleetMovesParts;
  /** Those who have to leave, and those who want to go home; a user may be on both. */
  readonly #leaving: TimerWheel;
  readonly #returning: TimerWheel;
  readonly #isLeaving: Uint8Array;
  readonly #isReturning: Uint8Array;
  /** By user, oldest first. */
  readonly #trials = new Map<number, Trial>();
  /** Old connections, oldest first: number, generation and when they are closed. */
  readonly #left: { connection: number; generation: number; untilMs: number }[] = [];
  #hasEnded = false;

  constructor(parts: FleetMovesParts) {
    const { users: { count }, clock } = parts;
    this.#parts = parts;
    this.#leaving = new TimerWheel(count, MAX_WAIT_MS, clock.nowMs);
    this.#returning = new TimerWheel(count, MAX_WAIT_MS, clock.nowMs);
    this.#isLeaving = new Uint8Array(count);
    this.#isReturning = new Uint8Array(count);
  }

  /** When something is due, in monotonic ms. */
  get nextDueMs(): number {
    const { nowMs } = this.#parts.clock;
    if (this.#leaving.isReady || this.#returning.isReady) return nowMs;
    const [trial] = this.#trials.values();
    return Math.min(
      this.#leaving.nextTurnMs,
      this.#returning.nextTurnMs,
      trial?.untilMs ?? Infinity,
      this.#left[0]?.untilMs ?? Infinity,
    );
  }

  /** The frame `move` has come to a user: they are to be gone within so long. */
  told(user: number, withinMs: number, isWholeCluster: boolean): void {
    const { block, hosts } = this.#parts;
    block[M.movesHeard]++;
    hosts.avoid(user, isWholeCluster);
    this.#leave(user, withinMs);
  }

  /** A login on the user's one connection: who is away from home goes back some time. */
  loggedIn(user: number): void {
    const { hosts, protocol } = this.#parts;
    if (protocol === 0) return; // such a user stays until their connection ends
    if (hosts.isAway(user)) this.#returnLater(user);
  }

  /** A newer list counts: users whose host is out leave it, others go to their new home, slowly. */
  renew(list: DialedHosts): void {
    const { engine, users, hosts, protocol } = this.#parts;
    // Who is on their way goes by the old one.
    for (const { connection } of this.#trials.values()) engine.abort(connection);
    this.#trials.clear();
    hosts.renew(list);
    for (let user = 0; user < users.count && protocol !== 0; user++) {
      if (users.state[user] !== UserState.ready) continue;
      if (hosts.mustLeave(user)) this.#leave(user, hosts.moveMs);
      else this.loggedIn(user);
    }
  }

  /** Whether a connection is the login elsewhere of its user. */
  isTrial(connection: number, user: number): boolean {
    return this.#trials.get(user)?.connection === connection;
  }

  /** A connection besides the user's one is up: that of a login elsewhere. */
  connected(connection: number, user: number): void {
    const trial = this.#trials.get(user);
    if (trial?.connection !== connection) return;
    trial.isUp = true;
    this.#parts.block[M.connects]++;
    this.#parts.logins.send(connection, user);
  }

  /** Takes a frame of a login elsewhere. Returns whether it was in order. */
  take(connection: number, user: number, { opcode, view, at }: FrameCursor): boolean {
    if (opcode === Opcode1.close) {
      this.#parts.block[M.serverCloses]++;
      return true;
    }
    const { logins } = this.#parts;
    const isLogin = opcode === Opcode1.loginResult &&
      view.getUint32(at + frames.loginResult.at.user) === logins.idOf(user);
    if (isLogin) this.#switch(connection, user);
    return isLogin;
  }

  /** A connection besides the user's one has ended. */
  closed(connection: number, user: number): void {
    this.#parts.users.userOf[connection] = -1;
    const trial = this.#trials.get(user);
    if (trial?.connection !== connection) return;
    this.#trials.delete(user);
    this.#parts.block[M.movesFailed]++;
    // Home isn't there yet, or nobody is where they wanted to go.
    if (this.#parts.hosts.mustLeave(user)) this.#go(user, trial.step + 1);
    else this.#returnLater(user);
  }

  /** The user's one connection has ended. Returns whether the login elsewhere has taken its place. */
  takesOver(user: number): boolean {
    const { users, time, hosts } = this.#parts;
    const trial = this.#trials.get(user);
    if (trial === undefined) return false;
    this.#trials.delete(user);
    users.connection[user] = trial.connection;
    users.userOf[trial.connection] = user;
    hosts.settle(user, trial.place, trial.step);
    users.begin(user, trial.isUp ? UserState.loggingIn : UserState.dialing, time.nowUs);
    return true;
  }

  /** Whoever's time has come goes, within a pass's budget. */
  tick(): void {
    const { clock, engine, hosts } = this.#parts;
    const { nowMs } = clock;
    this.#leaving.turn(nowMs);
    this.#returning.turn(nowMs);
    const untilMs = nowMs + PASS_BUDGET_MS;
    for (let moves = 1; this.#leaving.isReady || this.#returning.isReady; moves++) {
      const isLeaving = this.#leaving.isReady;
      const user = (isLeaving ? this.#leaving : this.#returning).take();
      (isLeaving ? this.#isLeaving : this.#isReturning)[user] = 0;
      if (isLeaving ? hosts.mustLeave(user) : hosts.isAway(user)) this.#go(user, 0, !isLeaving);
      if (moves % MOVES_PER_LOOK === 0 && clock.isPast(untilMs)) break;
    }
    for (const [, trial] of this.#trials) {
      if (trial.untilMs > nowMs) break;
      engine.abort(trial.connection);
    }
    while (this.#left.length > 0 && this.#left[0].untilMs <= nowMs) {
      const { connection, generation } = this.#left.shift()!;
      if (engine.generation[connection] === generation) engine.close(connection);
    }
  }

  /** The fleet ends: whatever is under way does too, and nobody goes anywhere any more. */
  end(): void {
    const { engine } = this.#parts;
    this.#hasEnded = true;
    for (const { connection } of this.#trials.values()) engine.close(connection);
    for (const { connection, generation } of this.#left) {
      if (engine.generation[connection] === generation) engine.close(connection);
    }
  }

  /** @param isHome whether they go home, wherever they were told to leave */
  #go(user: number, step: number, isHome = false): void {
    const { engine, users, hosts, block, clock } = this.#parts;
    if (this.#hasEnded || users.state[user] !== UserState.ready || this.#trials.has(user)) return;
    const place = isHome ? hosts.homeOf(user) : hosts.placeElsewhere(user, step);
    if (hosts.isAt(user, place)) return;
    const connection = engine.dial(hosts.targetOf(place, user));
    if (connection < 0) return isHome ? this.#returnLater(user) : this.#leave(user, RETRY_MS);
    block[M.dials]++;
    users.userOf[connection] = user;
    const untilMs = clock.nowMs + LOGIN_MS;
    this.#trials.set(user, { connection, place, step: isHome ? 0 : step, untilMs, isUp: false });
  }

  /** They are logged in elsewhere, and leave. What is still on its way to them comes over the old connection. */
  #switch(connection: number, user: number): void {
    const { engine, users, hosts, block, clock, onMoved } = this.#parts;
    const { place, step } = this.#trials.get(user)!;
    this.#trials.delete(user);
    const old = users.connection[user];
    users.connection[user] = connection;
    this.#left.push({
      connection: old,
      generation: engine.generation[old],
      untilMs: clock.nowMs + LINGER_MS,
    });
    hosts.settle(user, place, step);
    block[M.logins]++;
    block[M.moves]++;
    onMoved(user);
    this.loggedIn(user);
  }

  #leave(user: number, withinMs: number): void {
    const { clock, random } = this.#parts;
    if (this.#isLeaving[user] === 1) return;
    this.#isLeaving[user] = 1;
    this.#leaving.addAfter(user, clock.nowMs, random.float() * Math.min(withinMs, MAX_WAIT_MS));
  }

  #returnLater(user: number): void {
    const { clock, hosts } = this.#parts;
    if (this.#isReturning[user] === 1) return;
    this.#isReturning[user] = 1;
    this.#returning.addAfter(user, clock.nowMs, hosts.backMs());
  }
}
