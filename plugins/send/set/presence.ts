/** Connection numbers are below this. */
const CONNECTIONS = 0x100_0000;

/** Where a user is: a SET and one of its connections. */
export interface Place {
  readonly set: number;
  readonly connection: number;
}

/** The users whose home is this SET: on which connections they are, the newest last. */
export class Presence {
  /** By user: their newest connection, and the SET that it belongs to, in one number. */
  readonly #newest = new Map<number, number>();
  /** By user, for the few with several connections: the others, oldest first. */
  readonly #older = new Map<number, number[]>();

  /** Users that are there. */
  get size(): number {
    return this.#newest.size;
  }

  here(user: number, { set, connection }: Place): void {
    const before = this.#newest.get(user);
    if (before !== undefined) {
      const older = this.#older.get(user);
      if (older === undefined) this.#older.set(user, [before]);
      else older.push(before);
    }
    this.#newest.set(user, set * CONNECTIONS + connection);
  }

  gone(user: number, { set, connection }: Place): void {
    const place = set * CONNECTIONS + connection;
    const older = this.#older.get(user);
    if (this.#newest.get(user) === place) {
      const next = older?.pop();
      if (next === undefined) this.#newest.delete(user);
      else this.#newest.set(user, next);
    } else if (older !== undefined) {
      const i = older.lastIndexOf(place);
      if (i >= 0) older.splice(i, 1);
    }
    if (older?.length === 0) this.#older.delete(user);
  }

  /** The user's newest connection. */
  find(user: number): Place | undefined {
    const place = this.#newest.get(user);
    if (place === undefined) return undefined;
    return { set: Math.floor(place / CONNECTIONS), connection: place % CONNECTIONS };
  }
}
