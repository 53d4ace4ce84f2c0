import { elapsedUs } from "./fleet_users.ts";

/** Most shakes of one user under way: each has a bit, and three bits of its request id say which. */
export const MOST_OPEN = 8;

/** What an answer answers, where it isn't a shake whose latency is known. */
export const Booked = {
  /** A shake, and after one that was never answered it may be that one's answer: how long it took can't be told. */
  untold: -1,
  /** A shake that was given up before. */
  late: -2,
  /** No shake that this side knows of. */
  unasked: -3,
} as const;

/**
 * The shakes under way of every user of a thread, so that each answer is booked to its own. Times are microseconds
 * modulo 2^32. Allocates nothing after it was made.
 */
export interface OpenShakes {
  /** How many shakes of a user wait for their answer. */
  count(user: number): number;
  /** Where a further shake of a user may wait; -1 if they have as many under way as they may. */
  place(user: number, nowUs: number): number;
  /** A shake that was due at `dueUs` leaves. Returns its request id. */
  begin(user: number, place: number, dueUs: number): number;
  /** Gives up what has waited longer than users wait. Returns how many shakes that were. */
  giveUp(user: number, nowUs: number): number;
  /** An answer came. Returns how long its shake took from when it was due, in microseconds, or one of `Booked`. */
  answer(user: number, requestId: number, nowUs: number): number;
  /** The same of an award, which a server may also tell of without a shake. */
  award(user: number, requestId: number, nowUs: number): number;
  /** When the oldest shake under way was due; only while there is one. */
  oldestUs(user: number, nowUs: number): number;
  /** The connection is gone, and no answer will come. Returns how many shakes are lost with it. */
  leave(user: number): number;
}

/** Version 1: an answer names its shake, and comes at any time in any order. */
export class NamedShakes implements OpenShakes {
  readonly #most: number;
  readonly #patienceUs: number;
  /** By user: a bit for each of their places. */
  readonly #isOpen: Uint8Array;
  readonly #dueUs: Uint32Array;

  /**
   * @param most shakes of one user under way, 1 to `MOST_OPEN`
   * @param patienceUs how long a user waits, 0 for ever
   */
  constructor(users: number, most: number, patienceUs: number) {
    this.#most = most;
    this.#patienceUs = patienceUs;
    this.#isOpen = new Uint8Array(users);
    this.#dueUs = new Uint32Array(users * MOST_OPEN);
  }

  count(user: number): number {
    let count = 0;
    for (let open = this.#isOpen[user]; open !== 0; open &= open - 1) count++;
    return count;
  }

  place(user: number): number {
    const free = ~this.#isOpen[user];
    const place = 31 - Math.clz32(free & -free);
    return place < this.#most ? place : -1;
  }

  begin(user: number, place: number, dueUs: number): number {
    this.#isOpen[user] |= 1 << place;
    this.#dueUs[user * MOST_OPEN + place] = dueUs;
    return requestIdOf(dueUs, place);
  }

  giveUp(user: number, nowUs: number): number {
    if (this.#patienceUs === 0) return 0;
    let given = 0;
    for (let left = this.#isOpen[user]; left !== 0; left &= left - 1) {
      const place = 31 - Math.clz32(left & -left);
      if (elapsedUs(this.#dueUs[user * MOST_OPEN + place], nowUs) <= this.#patienceUs) continue;
      this.#isOpen[user] &= ~(1 << place);
      given++;
    }
    return given;
  }

  answer(user: number, requestId: number, nowUs: number): number {
    const place = requestId & (MOST_OPEN - 1);
    const dueUs = this.#dueUs[user * MOST_OPEN + place];
    if ((this.#isOpen[user] & (1 << place)) !== 0 && requestIdOf(dueUs, place) === requestId) {
      this.#isOpen[user] &= ~(1 << place);
      return elapsedUs(dueUs, nowUs);
    }
    // An id says when its shake was due. What was answered or lost is younger than what was given up.
    const isOld = this.#patienceUs > 0 && elapsedUs(requestId, nowUs) > this.#patienceUs;
    return isOld && requestId !== 0 ? Booked.late : Booked.unasked;
  }

  award(user: number, requestId: number, nowUs: number): number {
    return this.answer(user, requestId, nowUs);
  }

  oldestUs(user: number, nowUs: number): number {
    let oldestUs = nowUs;
    for (let left = this.#isOpen[user]; left !== 0; left &= left - 1) {
      const dueUs = this.#dueUs[user * MOST_OPEN + 31 - Math.clz32(left & -left)];
      if (elapsedUs(dueUs, nowUs) > elapsedUs(oldestUs, nowUs)) oldestUs = dueUs;
    }
    return oldestUs;
  }

  leave(user: number): number {
    const lost = this.count(user);
    this.#isOpen[user] = 0;
    return lost;
  }
}

/** When a shake was due, with its place in the lowest bits; never 0, with which a server tells of awards unasked. */
function requestIdOf(dueUs: number, place: number): number {
  return ((dueUs & -MOST_OPEN | place) >>> 0) || MOST_OPEN;
}
