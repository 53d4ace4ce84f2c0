import { elapsedUs } from "./fleet_users.ts";
import { Booked, type OpenShakes } from "./open_shakes.ts";

/** What is known of a user's only place. */
const OPEN = 1;
/** Given up, and the place is held: what comes now is known to be late. */
const GIVEN_UP = 2;
/** The place was freed without an answer: the next one may be that shake's. */
const IN_DOUBT = 4;
/** The same, and nothing was certain since then. */
const FREED = 8;
/** Shakes of an earlier connection had no answer: the server may tell of what they won. */
const MAY_BE_TOLD = 16;

/** How long a place is held, in times of a user's patience, or of the latest answer that was seen. */
const HELD = 1.5;
/** Every so many-th user holds it twice as long: by them it is seen if a server answers later than the others wait. */
const PATIENT_USERS = 128;
/** After so long a connection without any answer is given up anyway. */
const MOST_HELD_US = 30_000_000;

/**
 * Version 0: an answer doesn't say which shake it answers. So a user has one under way, and when it is given up, waits
 * a while longer for its answer. If none comes, the latency of the next answer is left out, which may be the missing
 * one; then all is certain again. Should answers be seen to come later than that, the wait grows, and whoever waited
 * too short a time keeps still until nothing can be under way to them.
 */
export class LoneShakes implements OpenShakes {
  readonly #patienceUs: number;
  readonly #state: Uint8Array;
  readonly #dueUs: Uint32Array;
  /** By user who was freed: when the first shake was due that may have its answer under way. */
  readonly #firstUs: Uint32Array;
  /** By user: `#grown` when the place was freed last. */
  readonly #freedWith: Uint8Array;
  #heldUs: number;
  /** How often `#heldUs` has grown, modulo 256. */
  #grown = 0;

  /** @param patienceUs how long a user waits, 0 for ever */
  constructor(users: number, patienceUs: number) {
    this.#patienceUs = patienceUs;
    this.#heldUs = HELD * patienceUs;
    this.#state = new Uint8Array(users);
    this.#dueUs = new Uint32Array(users);
    this.#firstUs = new Uint32Array(users);
    this.#freedWith = new Uint8Array(users);
  }

  count(user: number): number {
    return this.#state[user] & OPEN;
  }

  place(user: number, nowUs: number): number {
    const state = this.#state[user];
    if ((state & (OPEN | GIVEN_UP)) !== 0) return -1;
    if (!this.#waitedTooShort(user, state)) return 0;
    if (elapsedUs(this.#dueUs[user], nowUs) <= this.#heldUs) return -1;
    this.#state[user] = state & ~(FREED | IN_DOUBT);
    return 0;
  }

  begin(user: number, _place: number, dueUs: number): number {
    this.#state[user] |= OPEN;
    this.#dueUs[user] = dueUs;
    return 0;
  }

  giveUp(user: number, nowUs: number): number {
    if (this.#patienceUs === 0 || (this.#state[user] & (OPEN | GIVEN_UP)) === 0) return 0;
    const waitedUs = elapsedUs(this.#dueUs[user], nowUs);
    if (waitedUs <= this.#patienceUs) return 0;
    const given = this.#state[user] & OPEN;
    const isHeld = waitedUs <= this.#heldUs * (user % PATIENT_USERS === 0 ? 2 : 1);
    if (!isHeld && (this.#state[user] & FREED) === 0) this.#firstUs[user] = this.#dueUs[user];
    this.#state[user] = this.#state[user] & ~(OPEN | GIVEN_UP) | (isHeld ? GIVEN_UP : IN_DOUBT | FREED);
    this.#freedWith[user] = this.#grown;
    return given;
  }

  answer(user: number, _requestId: number, nowUs: number): number {
    const state = this.#state[user];
    this.#state[user] = state & ~(OPEN | GIVEN_UP | IN_DOUBT);
    if ((state & OPEN) !== 0) {
      if ((state & IN_DOUBT) !== 0 || this.#waitedTooShort(user, state)) return Booked.untold;
      this.#state[user] &= ~FREED;
      return elapsedUs(this.#dueUs[user], nowUs);
    }
    if ((state & (GIVEN_UP | IN_DOUBT | FREED)) === 0) return Booked.unasked;
    this.#holdFor(elapsedUs((state & FREED) === 0 ? this.#dueUs[user] : this.#firstUs[user], nowUs));
    return Booked.late;
  }

  award(user: number, requestId: number, nowUs: number): number {
    const mayBeTold = (this.#state[user] & MAY_BE_TOLD) !== 0;
    this.#state[user] &= ~MAY_BE_TOLD;
    const booked = this.answer(user, requestId, nowUs);
    if (!mayBeTold || booked < 0) return booked;
    this.#state[user] |= IN_DOUBT; // if it was the award of an earlier shake, this one's answer is still to come
    return Booked.untold;
  }

  oldestUs(user: number): number {
    return this.#dueUs[user];
  }

  leave(user: number): number {
    const lost = this.#state[user] & OPEN;
    this.#state[user] = this.#state[user] === 0 ? 0 : MAY_BE_TOLD;
    return lost;
  }

  /** Whether a place was freed sooner than it would be now. */
  #waitedTooShort(user: number, state: number): boolean {
    return (state & FREED) !== 0 && this.#freedWith[user] !== this.#grown;
  }

  /** An answer has taken about so long. */
  #holdFor(waitedUs: number): void {
    const heldUs = Math.min(MOST_HELD_US, HELD * waitedUs);
    if (heldUs <= this.#heldUs) return;
    this.#heldUs = heldUs;
    this.#grown = (this.#grown + 1) & 0xff;
  }
}
