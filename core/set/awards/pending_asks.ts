interface Ask {
  readonly connection: number;
  readonly generation: number;
  /** The packet after which to go on, 0 for the first. */
  readonly after: number;
}

/**
 * Users of a SET whose pending awards must still be asked for: the ledger isn't ready, or its ring is full. At most one
 * a connection, since the next is asked for when the last was answered.
 */
export class PendingAsks {
  readonly #waiting: Ask[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  add(connection: number, generation: number, after: number): void {
    this.#waiting.push({ connection, generation, after });
  }

  /** Hands over the oldest ones as long as `ask` accepts them. */
  retry(ask: (connection: number, generation: number, after: number) => boolean): void {
    let done = 0;
    for (; done < this.#waiting.length; done++) {
      const { connection, generation, after } = this.#waiting[done];
      if (!ask(connection, generation, after)) break;
    }
    this.#waiting.splice(0, done);
  }
}
