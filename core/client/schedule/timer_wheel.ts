import { assert } from "../../base/assert.ts";

const NOBODY = -1;
/** Width of a slot of the wheel in ms. */
const SLOT_MS = 16;

/**
 * Users with a time each: those whose time has come, first come first served, and those who wait for theirs on a wheel
 * of slots. A user is in one list at most, so one column of links serves all, and every step takes constant time.
 */
export class TimerWheel {
  readonly #next: Int32Array;
  readonly #slotHead: Int32Array;
  readonly #slotTail: Int32Array;
  readonly #slots: number;
  #readyHead = NOBODY;
  #readyTail = NOBODY;
  /** Slots up to this one (counted from time 0, not modulo) have been emptied. */
  #turnedTo = 0;
  #waiting = 0;

  /**
   * @param users users are numbers below this
   * @param maxWaitMs the longest wait that `addAfter` is given
   */
  constructor(users: number, maxWaitMs: number, nowMs: number) {
    this.#next = new Int32Array(users).fill(NOBODY);
    this.#slots = Math.ceil(maxWaitMs / SLOT_MS) + 2;
    this.#slotHead = new Int32Array(this.#slots).fill(NOBODY);
    this.#slotTail = new Int32Array(this.#slots).fill(NOBODY);
    this.#turnedTo = Math.floor(nowMs / SLOT_MS);
  }

  /** Users who wait for their time. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether somebody's time has come. */
  get isReady(): boolean {
    return this.#readyHead !== NOBODY;
  }

  /** A user is ready now, after those who already are. */
  add(user: number): void {
    this.#next[user] = NOBODY;
    if (this.#readyTail === NOBODY) this.#readyHead = user;
    else this.#next[this.#readyTail] = user;
    this.#readyTail = user;
  }

  /** A user is ready `waitMs` after now, or up to {@linkcode SLOT_MS} later. */
  addAfter(user: number, nowMs: number, waitMs: number): void {
    this.turn(nowMs);
    const slot = Math.max(this.#turnedTo + 1, Math.ceil((nowMs + waitMs) / SLOT_MS));
    assert(slot - this.#turnedTo < this.#slots, "a wait is no longer than the wheel");
    const at = slot % this.#slots;
    this.#next[user] = NOBODY;
    if (this.#slotTail[at] === NOBODY) this.#slotHead[at] = user;
    else this.#next[this.#slotTail[at]] = user;
    this.#slotTail[at] = user;
    this.#waiting++;
  }

  /** Turns the wheel to `nowMs`: whoever's time has come is ready. */
  turn(nowMs: number): void {
    const slotNow = Math.floor(nowMs / SLOT_MS);
    while (this.#turnedTo < slotNow) {
      if (this.#waiting === 0) this.#turnedTo = slotNow;
      else this.#empty(++this.#turnedTo % this.#slots);
    }
  }

  /** Takes the first who is ready. */
  take(): number {
    const user = this.#readyHead;
    assert(user !== NOBODY, "somebody is ready");
    this.#readyHead = this.#next[user];
    if (this.#readyHead === NOBODY) this.#readyTail = NOBODY;
    return user;
  }

  /** When the wheel must be turned next, in ms; `Infinity` if nobody waits. */
  get nextTurnMs(): number {
    return this.#waiting === 0 ? Infinity : (this.#turnedTo + 1) * SLOT_MS;
  }

  #empty(at: number): void {
    for (let user = this.#slotHead[at]; user !== NOBODY;) {
      const next = this.#next[user];
      this.add(user);
      this.#waiting--;
      user = next;
    }
    this.#slotHead[at] = this.#slotTail[at] = NOBODY;
  }
}
