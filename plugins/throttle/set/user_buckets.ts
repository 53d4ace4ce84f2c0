/** Places that are looked at for a user; they have no bucket of their own if all belong to others. */
const PROBES = 16;
/** Places a connection: fewer cost memory, of which there is a million times this; more cost users their buckets. */
const PLACES_PER_SEAT = 4 / 3;
const MULTIPLIER = 0x9e37_79b1;
/** How long a user who shakes through several SETs has only their part of the rate in each. */
const SPREAD_MS = 5_000;
/** Logins are told apart by so much: a column of 32 bits then holds the time of a year and more. */
const LOGIN_UNIT_MS = 10;

/**
 * The token buckets of a SET's users, so that a user who connects again, or several times, has one bucket. A hash table
 * in columns: a user keeps their place while they are connected or their bucket isn't full. Each bucket is the
 * time at which it is full again.
 */
export class UserBuckets {
  readonly #size: number;
  readonly #users: Uint32Array;
  readonly #connections: Uint16Array;
  readonly #fullAtMs: Float64Array;
  /** In units of {@linkcode LOGIN_UNIT_MS}. */
  readonly #loginsFullAt: Uint32Array;
  /** In how many SETs the user is busy; 0 for their own alone. */
  readonly #spread: Uint8Array;
  /** By place: until when that holds. Few users are ever busy in two SETs. */
  readonly #spreadUntilMs = new Map<number, number>();

  /** @param seats most connections of the SET */
  constructor(seats: number) {
    this.#size = Math.ceil(Math.max(16, seats * PLACES_PER_SEAT));
    this.#users = new Uint32Array(this.#size);
    this.#connections = new Uint16Array(this.#size);
    this.#fullAtMs = new Float64Array(this.#size);
    this.#loginsFullAt = new Uint32Array(this.#size);
    this.#spread = new Uint8Array(this.#size);
  }

  /** The user's place, their own from before or a free one; -1 if there is none. Take or leave it at once. */
  placeOf(user: number, nowMs: number): number {
    const home = Math.floor((Math.imul(user, MULTIPLIER) >>> 0) * this.#size / 0x1_0000_0000);
    let free = -1;
    for (let i = 0; i < PROBES; i++) {
      const place = (home + i) % this.#size;
      if (this.#isLive(place, nowMs)) {
        if (this.#users[place] === user) return place;
      } else if (free < 0) free = place;
    }
    if (free >= 0) {
      this.#users[free] = user;
      this.#fullAtMs[free] = this.#loginsFullAt[free] = 0;
    }
    return free;
  }

  /** A connection of the place's user logs in; false if they do so too often. */
  login(place: number, nowMs: number, intervalMs: number, burstMs: number): boolean {
    const fullAtMs = Math.max(this.#loginsFullAt[place] * LOGIN_UNIT_MS, nowMs) + intervalMs;
    if (fullAtMs - nowMs > burstMs) return false;
    this.#loginsFullAt[place] = Math.ceil(fullAtMs / LOGIN_UNIT_MS);
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
    const parts = this.#isSpread(place, nowMs) ? this.#spread[place] : 1;
    return Math.max(this.#fullAtMs[place], nowMs) + intervalMs * parts;
  }

  take(place: number, fullAtMs: number): void {
    this.#fullAtMs[place] = fullAtMs;
  }

  /** The user is busy in so many SETs: each gives them its part of the rate only, for a while. */
  spread(user: number, sets: number, nowMs: number): void {
    const place = this.placeOf(user, nowMs);
    if (place < 0) return;
    this.#spread[place] = Math.min(255, sets);
    this.#spreadUntilMs.set(place, nowMs + SPREAD_MS);
  }

  #isLive(place: number, nowMs: number): boolean {
    return this.#connections[place] > 0 || this.#fullAtMs[place] > nowMs ||
      this.#loginsFullAt[place] * LOGIN_UNIT_MS > nowMs || this.#isSpread(place, nowMs);
  }

  #isSpread(place: number, nowMs: number): boolean {
    // Hardly ever is anybody: then the column isn't even looked at.
    if (this.#spreadUntilMs.size === 0 || this.#spread[place] === 0) return false;
    if (this.#spreadUntilMs.get(place)! > nowMs) return true;
    this.#spread[place] = 0;
    this.#spreadUntilMs.delete(place);
    return false;
  }
}
