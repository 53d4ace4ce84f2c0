/** How long a user counts as busy in a SET after they were last seen so there. */
const BUSY_MS = 1_000;
/** Most users that are remembered at once. */
const MAX_USERS = 100_000;

/**
 * Users who shake fast, and in which SETs: who does in several has a part of the rate in each. Only those at the limit are
 * known here, so a million well-behaved users cost nothing.
 */
export class BusyUsers {
  readonly #seen = new Map<number, Map<number, number>>();

  get size(): number {
    return this.#seen.size;
  }

  /** A user was busy in a SET. Returns the SETs in which they are, if they are several. */
  note(user: number, set: number, nowMs: number): readonly number[] {
    let sets = this.#seen.get(user);
    if (sets === undefined) {
      if (this.#seen.size >= MAX_USERS) return [];
      this.#seen.set(user, sets = new Map());
    }
    sets.set(set, nowMs);
    for (const [other, seenMs] of sets) if (nowMs - seenMs > BUSY_MS) sets.delete(other);
    return sets.size > 1 ? [...sets.keys()] : [];
  }

  /** Forgets who has calmed down. */
  forget(nowMs: number): void {
    for (const [user, sets] of this.#seen) {
      for (const [set, seenMs] of sets) if (nowMs - seenMs > BUSY_MS) sets.delete(set);
      if (sets.size === 0) this.#seen.delete(user);
    }
  }
}
