const FREE = 0;
const MULTIPLIER = 0x9e37_79b1;

/** By user: since when they were logged in without a break until the fleet's end, in ms of wall time. */
export class Stays {
  #users = new Uint32Array(1024);
  /** 0 marks a free place. */
  #sinceMs = new Float64Array(1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(user: number, sinceMs: number): void {
    const at = this.#placeOf(user);
    const isNew = this.#sinceMs[at] === FREE;
    this.#users[at] = user;
    // Of several fleets the last one counts: by its end they must have seen all.
    this.#sinceMs[at] = Math.max(1, sinceMs, this.#sinceMs[at]);
    if (isNew && ++this.#size * 2 > this.#users.length) this.#grow();
  }

  /** `Infinity` if they weren't there at the end. */
  sinceMs(user: number): number {
    return this.#sinceMs[this.#placeOf(user)] || Infinity;
  }

  #placeOf(user: number): number {
    const mask = this.#users.length - 1;
    let at = (Math.imul(user, MULTIPLIER) >>> 8) & mask;
    while (this.#sinceMs[at] !== FREE && this.#users[at] !== user) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const [users, sinceMs] = [this.#users, this.#sinceMs];
    this.#users = new Uint32Array(users.length * 2);
    this.#sinceMs = new Float64Array(users.length * 2);
    for (let i = 0; i < users.length; i++) {
      if (sinceMs[i] === FREE) continue;
      const at = this.#placeOf(users[i]);
      this.#users[at] = users[i];
      this.#sinceMs[at] = sinceMs[i];
    }
  }
}
