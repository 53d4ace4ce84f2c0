import type { EngineStats } from "./engine.ts";
import { LEAVE_MS, type ReadControl, REST_MS, SWEEP_SHARE } from "./read_control.ts";
import { Unread } from "./unread.ts";

/**
 * Whom an engine reads in a pass, and whom it leaves: one for all engines that can leave bytes in the kernel. An engine
 * says what has news; this says whether to read it now, and afterwards who of those left before is to be read too.
 *
 * A pass is `startPass`, then for each connection with news `isResting`, `leave` or `choose`, then `startOld` and
 * `nextOld` until it returns -1.
 */
export class ReadScheduler implements ReadControl {
  budget = Infinity;
  sinceMs = 0;
  leftMs = 0;
  lastLeftMs = 0;
  readonly #stats: EngineStats;
  readonly #isOpen: (connection: number) => boolean;
  readonly #onRest: (connection: number) => void;
  /** Left unread for lack of a budget, and those that were told to rest. */
  readonly #unread: Unread;
  readonly #resting: Unread;
  #nowMs = 0;
  /** Reads that the pass has left of its budget, and of what is added for those who were left too long. */
  #readsLeft = Infinity;
  #sweepLeft = 0;

  /**
   * @param isOpen whether a number is a connection's that can be read: no other one may rest
   * @param onRest told when a connection begins to rest
   */
  constructor(
    capacity: number,
    stats: EngineStats,
    isOpen: (connection: number) => boolean,
    onRest: (connection: number) => void = () => {},
  ) {
    this.#stats = stats;
    this.#isOpen = isOpen;
    this.#onRest = onRest;
    this.#unread = new Unread(capacity, LEAVE_MS);
    this.#resting = new Unread(capacity, REST_MS);
  }

  get unread(): number {
    return this.#unread.size + this.#resting.size;
  }

  /** Whether somebody is left unread who doesn't rest. */
  get hasUnread(): boolean {
    return this.#unread.size > 0;
  }

  /** Whether there is a budget. */
  get isLimited(): boolean {
    return this.budget !== Infinity;
  }

  /** Whether the budget of the pass is used up. */
  get isSpent(): boolean {
    return this.#readsLeft <= 0;
  }

  /** How soon to look again whether somebody has rested long enough; `Infinity` if nobody rests. */
  get lookMs(): number {
    return this.#resting.lookMs;
  }

  rest(connection: number, isForGood = false): boolean {
    if (!this.#isOpen(connection) || this.#resting.has(connection)) return false;
    this.#resting.add(connection, isForGood ? Infinity : this.#nowMs);
    this.#onRest(connection);
    return true;
  }

  isResting(connection: number): boolean {
    return this.#resting.has(connection);
  }

  /** A resting connection is read after all, since it ends. */
  wake(connection: number): void {
    this.#resting.remove(connection);
  }

  /** The connection is gone. */
  forget(connection: number): void {
    this.#unread.remove(connection);
    this.#resting.remove(connection);
  }

  /** @param nowMs what is left unread from now on is left since then */
  startPass(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#readsLeft = this.budget;
  }

  /** What came during the pass is known from now on. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** A connection with news stays unread. */
  leave(connection: number): void {
    this.#stats.leftUnread++;
    this.#unread.add(connection, this.#nowMs);
  }

  /** News of a connection that rests: it goes on resting. */
  ignore(): void {
    this.#stats.leftUnread++;
  }

  /** A connection with news is read now: what it was left with before is old, what the news tells of isn't. */
  choose(connection: number): void {
    this.#readsLeft--;
    this.leftMs = this.#unread.remove(connection);
    this.lastLeftMs = 0;
  }

  /** A connection is read once more in the pass. */
  chooseAgain(): void {
    this.#readsLeft--;
    this.leftMs = this.lastLeftMs = 0;
  }

  /** After everything with news: who has rested long enough is as the others that were left. */
  startOld(): void {
    const nowMs = this.#nowMs;
    for (let c = this.#resting.next(nowMs); c >= 0; c = this.#resting.next(nowMs)) {
      this.#resting.remove(c);
      this.#unread.add(c, nowMs - REST_MS);
    }
    // Of what was read, not of the budget: a pass that ran out of time has none for many who are too late anyway.
    const reads = this.budget - this.#readsLeft;
    this.#sweepLeft = this.isLimited ? Math.max(1, Math.ceil(reads * SWEEP_SHARE)) : Infinity;
  }

  /**
   * Takes the connection to read next among those left unread; -1 if there is none. Without a budget all are read.
   * With a budget, a part is added for those over their time. What remains of the budget goes to those left last:
   * their frames are worth most.
   *
   * @param isInTime whether the pass may go on for longer
   */
  nextOld(isInTime: boolean): number {
    if (this.#unread.size === 0 || (!this.isLimited && !isInTime)) return -1;
    let connection = this.#sweepLeft-- > 0 ? this.#unread.next(this.isLimited ? this.#nowMs : Infinity) : -1;
    if (connection < 0 && isInTime && this.#readsLeft > 0) connection = this.#unread.last();
    if (connection < 0) return -1;
    this.#readsLeft--;
    this.leftMs = this.lastLeftMs = this.#unread.remove(connection);
    return connection;
  }
}
