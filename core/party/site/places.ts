/**
 * Places for connections that stay. All of a network may come from one address, so one may have half of them; nobody
 * alone has all.
 */
export class Places {
  readonly #most: number;
  readonly #byAddress = new Map<string, number>();
  #taken = 0;

  /** @param most places in all */
  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a place if there is one; returns what gives it back, once. */
  take(address: string): (() => void) | undefined {
    const own = this.#byAddress.get(address) ?? 0;
    if (this.#taken >= this.#most || own >= Math.ceil(this.#most / 2)) return undefined;
    this.#taken++;
    this.#byAddress.set(address, own + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#taken--;
      const left = this.#byAddress.get(address)! - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
  }
}
