import { TimerWheel } from "../schedule/timer_wheel.ts";
import type { Gap } from "../schedule/think_time.ts";
import { UserState } from "../state/fleet_users.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import type { FleetCommon } from "../state/fleet_common.ts";
import type { Random } from "../../base/random.ts";

/** How soon it is looked again whether a user who waits for an answer can go. */
const WAIT_MS = 50;
/** Who has gone dials the next server after this. */
const REDIAL_MS = 1;
const MAX_STAY_MS = 3_600_000;

export interface FleetRoamParts extends FleetCommon {
  readonly random: Random;
  /** The least and the most time that a user stays at one server, in ms. */
  readonly stayMs: Gap;
  /** Ends a user's connection. */
  readonly leave: (user: number) => void;
}

/** Users who move: each stays at a server for a while, then goes to the next one, once nothing is open there. */
export class FleetRoam {
  readonly #parts: FleetRoamParts;
  readonly #wheel: TimerWheel;
  /** By user: how often they have moved, and whether they are on their way. */
  readonly #moves: Uint32Array;
  readonly #isMoving: Uint8Array;
  readonly #isPlanned: Uint8Array;

  constructor(parts: FleetRoamParts) {
    const { users, clock } = parts;
    this.#parts = parts;
    this.#wheel = new TimerWheel(users.count, MAX_STAY_MS, clock.nowMs);
    this.#moves = new Uint32Array(users.count);
    this.#isMoving = new Uint8Array(users.count);
    this.#isPlanned = new Uint8Array(users.count);
  }

  /** When somebody may go, in monotonic ms. */
  get nextDueMs(): number {
    return this.#wheel.isReady ? this.#parts.clock.nowMs : this.#wheel.nextTurnMs;
  }

  /** How many servers further than their first one a user is. */
  movesOf(user: number): number {
    return this.#moves[user];
  }

  loggedIn(user: number): void {
    if (this.#isPlanned[user] === 1) return;
    const { stayMs: [least, most], random } = this.#parts;
    this.#plan(user, least + (most - least) * random.float());
  }

  /** A user's connection has ended. Returns when they dial again if it was a move, or -1. */
  closed(user: number): number {
    if (this.#isMoving[user] === 0) return -1;
    this.#isMoving[user] = 0;
    this.#moves[user]++;
    this.#parts.block[M.roams]++;
    return REDIAL_MS;
  }

  /** Lets those go whose time has come. */
  tick(): void {
    const { clock, users, shakes, leave } = this.#parts;
    this.#wheel.turn(clock.nowMs);
    while (this.#wheel.isReady) {
      const user = this.#wheel.take();
      this.#isPlanned[user] = 0;
      if (users.state[user] !== UserState.ready) continue; // planned again at their login
      if (shakes.count(user) > 0) {
        this.#plan(user, WAIT_MS);
        continue;
      }
      this.#isMoving[user] = 1;
      leave(user);
    }
  }

  #plan(user: number, waitMs: number): void {
    this.#isPlanned[user] = 1;
    this.#wheel.addAfter(user, this.#parts.clock.nowMs, waitMs);
  }
}
