/** A frame of the same connection so long after an award's reply shows that the reply got there. */
export const DELIVERED_AFTER_MS = 1_000;

/** So many of a connection's awards, the newest, are looked through for one that its user has; older ones are told again. */
export const MOST_LOOKED_THROUGH = 256;

const NONE = 0;
const FIRST_PLACES = 16;

/**
 * Awards of a SET that were sent, and nobody knows yet whether they arrived: for each connection a list, the newest
 * first, through places in three columns. At full rate nearly every user has one; as objects they would cost ten times
 * the memory, and the collector's pauses would hold up everybody.
 */
export class Deliveries {
  /** By connection: the place of its newest award, 0 for none. */
  readonly #newest: Uint32Array;
  #packetIds = new Uint32Array(FIRST_PLACES);
  #sentMs = new Float64Array(FIRST_PLACES);
  /** The place of the connection's award before this one, or of the next free one; 0 for none. */
  #before = new Uint32Array(FIRST_PLACES);
  #free = NONE;
  /** Places from here on were never used; place 0 never is. */
  #unused = 1;

  /** @param newest a column by connection, of which only this SET's rows are touched */
  constructor(newest: Uint32Array) {
    this.#newest = newest;
  }

  add(connection: number, packetId: number, nowMs: number): void {
    const place = this.#take();
    this.#packetIds[place] = packetId;
    this.#sentMs[place] = nowMs;
    this.#before[place] = this.#newest[connection];
    this.#newest[connection] = place;
  }

  /** An award of a connection that is delivered now, 0 for none. Ask again until there is none. */
  takeDelivered(connection: number, nowMs: number): number {
    const before = this.#before;
    let after = NONE;
    let place = this.#newest[connection];
    while (place !== NONE && nowMs - this.#sentMs[place] < DELIVERED_AFTER_MS) {
      after = place;
      place = before[place];
    }
    if (place === NONE) return 0;
    this.#unlink(connection, place, after);
    return this.#packetIds[place];
  }

  /** Forgets an award of a connection, however young. False if it has none with this id. */
  take(connection: number, packetId: number): boolean {
    let after = NONE;
    let place = this.#newest[connection];
    for (let looked = 0; place !== NONE && looked < MOST_LOOKED_THROUGH; looked++) {
      if (this.#packetIds[place] === packetId) {
        this.#unlink(connection, place, after);
        return true;
      }
      after = place;
      place = this.#before[place];
    }
    return false;
  }

  /** The connection is gone: its user is told again at their next login. */
  forget(connection: number): void {
    for (let place = this.#newest[connection]; place !== NONE;) {
      const next = this.#before[place];
      this.#release(place);
      place = next;
    }
    this.#newest[connection] = NONE;
  }

  /** @param after the place in front of it in the connection's list */
  #unlink(connection: number, place: number, after: number): void {
    if (after === NONE) this.#newest[connection] = this.#before[place];
    else this.#before[after] = this.#before[place];
    this.#release(place);
  }

  #take(): number {
    const place = this.#free;
    if (place !== NONE) {
      this.#free = this.#before[place];
      return place;
    }
    if (this.#unused === this.#before.length) this.#grow();
    return this.#unused++;
  }

  #release(place: number): void {
    this.#before[place] = this.#free;
    this.#free = place;
  }

  #grow(): void {
    const places = this.#before.length * 2;
    const longer = <T extends Uint32Array | Float64Array>(larger: T, column: T): T => {
      larger.set(column);
      return larger;
    };
    this.#packetIds = longer(new Uint32Array(places), this.#packetIds);
    this.#sentMs = longer(new Float64Array(places), this.#sentMs);
    this.#before = longer(new Uint32Array(places), this.#before);
  }
}
