/** Places that are looked at for a user; he has no bucket of his own if all belong to others. */
const PROBES = 8;
const MULTIPLIER = 0x9e37_79b1;
/** How long a user who shakes through several SETs has only his part of the rate in each. */
const SPREAD_MS = 5_000;

/**
 * The token buckets of a SET's users, so that a user who connects again, or several times, has one bucket. A hash table
 * in columns: a user keeps his place while he is connected or his bucket isn't full. Each bucket is the time at which it
 * is full again.
 */
export class UserBuckets {
  readonly #mask: number;
  readonly #users: Uint32Array;
  readonly #connections: Uint16Array;
  readonly #fullAtMs: Float64Array;
  readonly #loginsFullAtMs: Float64Array;
  /** In how many SETs the user is busy, and until when that holds. */
  readonly #spread: Uint8Array;
  readonly #spreadUntilMs: Float64Array;

  /** @param seats most connections of the SET */
  constructor(seats: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, seats * 1.5)));
    this.#mask = size - 1;
    this.#users = new Uint32Array(size);
    this.#connections = new Uint16Array(size);
    this.#fullAtMs = new Float64Array(size);
    this.#loginsFullAtMs = new Float64Array(size);
    this.#spread = new Uint8Array(size);
    this.#spreadUntilMs = new Float64Array(size);
  }

  /** The user's place, his own from before or a free one; -1 if there is none. Take or leave it at once. */
  placeOf(user: number, nowMs: number): number {
    const home = Math.imul(user, MULTIPLIER) >>> 0;
    let free = -1;
    for (let i = 0; i < PROBES; i++) {
      const place = (home + i) & this.#mask;
      if (this.#isLive(place, nowMs)) {
        if (this.#users[place] === user) return place;
      } else if (free < 0) free = place;
    }
    if (free >= 0) {
      this.#users[free] = user;
      this.#fullAtMs[free] = this.#loginsFullAtMs[free] = this.#spreadUntilMs[free] = 0;
    }
    return free;
  }

  /** A connection of the place's user logs in; false if he does so too often. */
  login(place: number, nowMs: number, intervalMs: number, burstMs: number): boolean {
    const fullAtMs = Math.max(this.#loginsFullAtMs[place], nowMs) + intervalMs;
    if (fullAtMs - nowMs > burstMs) return false;
    this.#loginsFullAtMs[place] = fullAtMs;
    this.#connections[place]++;
    return true;
  }

  leave(place: number): void {
    this.#connections[place]--;
  }

  userAt(place: number): number {
    return this.#users[place];
  }

  /** When the bucket would be full again after one more token; not taken yet. */
  after(place: number, nowMs: number, intervalMs: number): number {
    const parts = this.#spreadUntilMs[place] > nowMs ? this.#spread[place] : 1;
    return Math.max(this.#fullAtMs[place], nowMs) + intervalMs * parts;
  }

  take(place: number, fullAtMs: number): void {
    this.#fullAtMs[place] = fullAtMs;
  }

  /** The user is busy in so many SETs: each gives him its part of the rate only, for a while. */
  spread(user: number, sets: number, nowMs: number): void {
    const place = this.placeOf(user, nowMs);
    if (place < 0) return;
    this.#spread[place] = Math.min(255, sets);
    this.#spreadUntilMs[place] = nowMs + SPREAD_MS;
  }

  #isLive(place: number, nowMs: number): boolean {
    return this.#connections[place] > 0 || this.#fullAtMs[place] > nowMs ||
      this.#loginsFullAtMs[place] > nowMs || this.#spreadUntilMs[place] > nowMs;
  }
}
