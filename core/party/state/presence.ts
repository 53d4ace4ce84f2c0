/** Who is there and who shakes, as far as frames and connections tell. Nothing depends on it but what the wall shows. */
export class Presence {
  readonly #connections = new Map<number, number>();
  readonly #shakes = new Map<number, number>();

  get count(): number {
    return this.#connections.size;
  }

  isOnline(user: number): boolean {
    return this.#connections.has(user);
  }

  /** Shakes of a user since the party was started. */
  shakesOf(user: number): number {
    return this.#shakes.get(user) ?? 0;
  }

  came(user: number): void {
    this.#connections.set(user, (this.#connections.get(user) ?? 0) + 1);
  }

  went(user: number): void {
    const left = (this.#connections.get(user) ?? 0) - 1;
    if (left > 0) this.#connections.set(user, left);
    else this.#connections.delete(user);
  }

  shook(user: number): void {
    this.#shakes.set(user, this.shakesOf(user) + 1);
  }
}
