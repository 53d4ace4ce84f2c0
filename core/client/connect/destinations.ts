import type { Random } from "../../base/random.ts";
import type { DialTarget } from "../../engine/common/engine.ts";
import { backoffMs, type BackoffOptions, MAX_ATTEMPT } from "../schedule/backoff.ts";
import type { FleetRoam } from "./roam.ts";
import type { FleetUsers } from "../state/fleet_users.ts";

/** Where users dial, and how soon again. */
export interface Destinations {
  /** No wait is longer, in ms. */
  readonly maxWaitMs: number;
  /** Where the user dials now. */
  target(user: number): DialTarget;
  /** The user's connection has ended, or never came up: they dial again after so long, in ms. */
  again(user: number): number;
}

export interface DealtPairsParts {
  readonly users: FleetUsers;
  readonly random: Random;
  readonly backoff: BackoffOptions;
  /** User `i` dials pair `pairFirst + i * pairStride`, round and round. */
  readonly targets: readonly DialTarget[];
  readonly pairFirst: number;
  readonly pairStride: number;
  /** How many servers further each user is, if they move of their own accord. */
  readonly roam: FleetRoam | undefined;
}

/** Every user has one server for ever: they are dealt over the pairs in turn. */
export class DealtPairs implements Destinations {
  readonly maxWaitMs: number;
  readonly #parts: DealtPairsParts;

  constructor(parts: DealtPairsParts) {
    this.#parts = parts;
    this.maxWaitMs = parts.backoff.capMs;
  }

  target(user: number): DialTarget {
    const { targets, pairFirst, pairStride, roam } = this.#parts;
    return targets[(pairFirst + user * pairStride + (roam?.movesOf(user) ?? 0)) % targets.length];
  }

  /** Later each time that they aren't logged in by then. */
  again(user: number): number {
    const { users, random, backoff } = this.#parts;
    const waitMs = backoffMs(random, users.attempt[user], backoff);
    users.attempt[user] = Math.min(MAX_ATTEMPT, users.attempt[user] + 1);
    return waitMs;
  }
}
