/**
 * Connections whose bytes an engine leaves in the kernel, oldest first. All have the same time, so a ring does for a
 * schedule. Each connection has one place in it at most: one that was taken out of turn leaves an empty place behind.
 */
export class Unread {
  readonly #afterMs: number;
  readonly #capacity: number;
  /** Made at the first use: a host that is never overloaded pays nothing. */
  #ring = new Int32Array(0);
  /** By connection: since when it is left unread, 0 if it isn't. */
  #sinceMs = new Float64Array(0);
  #hasPlace = new Uint8Array(0);
  #head = 0;
  #places = 0;
  #size = 0;

  /** @param afterMs how long a connection stays at most */
  constructor(capacity: number, afterMs: number) {
    this.#capacity = capacity;
    this.#afterMs = afterMs;
  }

  /** Connections that are left unread. */
  get size(): number {
    return this.#size;
  }

  has(connection: number): boolean {
    return this.#size > 0 && this.#sinceMs[connection] !== 0;
  }

  /** Leaves a connection unread from now on; one that is already stays as it is. */
  add(connection: number, nowMs: number): void {
    if (this.#ring.length === 0) this.#make();
    if (this.#sinceMs[connection] !== 0) return;
    this.#sinceMs[connection] = Math.max(nowMs, Number.MIN_VALUE);
    this.#size++;
    if (this.#hasPlace[connection] === 0) this.#push(connection);
  }

  /** Takes a connection out of its turn, since it is read or gone. Returns since when it was left, 0 if it wasn't. */
  remove(connection: number): number {
    if (this.#size === 0) return 0;
    const sinceMs = this.#sinceMs[connection];
    if (sinceMs === 0) return 0;
    this.#sinceMs[connection] = 0;
    this.#size--;
    return sinceMs;
  }

  /** The connection that has waited longest, if its time is over by `nowMs` (`Infinity`: whoever it is); -1 for none. */
  next(nowMs: number): number {
    for (let looked = this.#places; looked > 0; looked--) {
      const connection = this.#ring[this.#head];
      const sinceMs = this.#sinceMs[connection];
      if (sinceMs !== 0 && sinceMs + this.#afterMs > nowMs) {
        // Left again since its place was given: it goes behind, and the places before it are looked at first.
        if (looked === 1 || this.#isInOrder(sinceMs)) return -1;
        this.#shift(connection);
        this.#push(connection);
        continue;
      }
      if (sinceMs !== 0) return connection;
      this.#shift(connection);
    }
    return -1;
  }

  /** The connection that was left last, -1 for none. */
  last(): number {
    while (this.#places > 0) {
      const connection = this.#ring[(this.#head + this.#places - 1) % this.#capacity];
      if (this.#sinceMs[connection] !== 0) return connection;
      this.#hasPlace[connection] = 0;
      this.#places--;
    }
    return -1;
  }

  /** How soon to look again whether the oldest's time is over; `Infinity` if none is left. */
  get lookMs(): number {
    return this.#size === 0 ? Infinity : this.#afterMs / 4;
  }

  /** Whether nobody behind the head is older than it. Only the next place is looked at, which is enough to go on. */
  #isInOrder(sinceMs: number): boolean {
    const next = this.#ring[(this.#head + 1) % this.#capacity];
    return this.#sinceMs[next] !== 0 && this.#sinceMs[next] >= sinceMs;
  }

  #push(connection: number): void {
    this.#ring[(this.#head + this.#places++) % this.#capacity] = connection;
    this.#hasPlace[connection] = 1;
  }

  #shift(connection: number): void {
    this.#hasPlace[connection] = 0;
    this.#head = (this.#head + 1) % this.#capacity;
    this.#places--;
  }

  #make(): void {
    this.#ring = new Int32Array(this.#capacity);
    this.#sinceMs = new Float64Array(this.#capacity);
    this.#hasPlace = new Uint8Array(this.#capacity);
  }
}
