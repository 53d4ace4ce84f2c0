import { assert } from "../../base/assert.ts";
import { PASS_BUDGET_MS } from "../../engine/common/engine.ts";
import { ConnectPace } from "../schedule/connect_pace.ts";
import { TimerWheel } from "../schedule/timer_wheel.ts";
import { UserState } from "../state/fleet_users.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import type { Destinations } from "./destinations.ts";
import type { FleetCommon } from "../state/fleet_common.ts";

/** How many dials are made between two looks at the clock. */
const DIALS_PER_LOOK = 8;

export interface FleetDialsParts extends FleetCommon {
  readonly destinations: Destinations;
  /** Connects a second. */
  readonly connectRate: number;
}

/** Who dials whom, and when: all users at the start, at the fleet's rate, and each again after their connection ended. */
export class FleetDials {
  readonly #parts: FleetDialsParts;
  readonly #wheel: TimerWheel;
  readonly #pace: ConnectPace;

  constructor(parts: FleetDialsParts) {
    const { users, destinations, connectRate, clock } = parts;
    this.#parts = parts;
    this.#wheel = new TimerWheel(users.count, destinations.maxWaitMs, clock.nowMs);
    for (let user = 0; user < users.count; user++) this.#wheel.add(user);
    this.#pace = new ConnectPace(connectRate, clock.nowMs);
  }

  /** When the next is due, in monotonic ms. */
  get nextDueMs(): number {
    return this.#wheel.isReady ? this.#pace.nextMs : this.#wheel.nextTurnMs;
  }

  /** Dials for everybody who is due, within a pass's budget. */
  tick(): void {
    const { clock } = this.#parts;
    this.#wheel.turn(clock.nowMs);
    const untilMs = clock.nowMs + PASS_BUDGET_MS;
    for (let dialed = 1; this.#wheel.isReady && this.#pace.take(clock.nowMs); dialed++) {
      this.#dial(this.#wheel.take());
      if (dialed % DIALS_PER_LOOK === 0 && clock.isPast(untilMs)) break;
    }
  }

  /** The user's connection has ended: they dial again, later each time that they aren't logged in by then. */
  again(user: number): void {
    this.againIn(user, this.#parts.destinations.again(user));
  }

  againIn(user: number, waitMs: number): void {
    this.#wheel.addAfter(user, this.#parts.clock.nowMs, waitMs);
  }

  #dial(user: number): void {
    const { engine, users, block, time, destinations } = this.#parts;
    const connection = engine.dial(destinations.target(user));
    assert(connection >= 0, "every user has a connection number");
    block[M.dials]++;
    users.connection[user] = connection;
    users.userOf[connection] = user;
    users.begin(user, UserState.dialing, time.nowUs);
  }
}
