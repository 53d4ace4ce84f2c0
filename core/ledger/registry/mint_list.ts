/** Packets that were made together: contiguous ids, one sponsor. */
export interface Mint {
  readonly firstId: number;
  readonly count: number;
  readonly amountFen: number;
  readonly sponsor: number;
  /** For which order; 0 or absent for none. */
  readonly order?: number;
}

const FIRST_CAPACITY = 1024;

/** All mints, in order of their ids, which only grow. There may be gaps between them. In columns: there may be millions. */
export class MintList {
  #size = 0;
  #firstIds = new Uint32Array(FIRST_CAPACITY);
  #counts = new Uint32Array(FIRST_CAPACITY);
  #amountsFen = new Float64Array(FIRST_CAPACITY);
  #sponsors = new Uint16Array(FIRST_CAPACITY);
  #orders = new Uint32Array(FIRST_CAPACITY);

  get size(): number {
    return this.#size;
  }

  /** The first id past all mints. */
  get nextId(): number {
    const last = this.#size - 1;
    return last < 0 ? 1 : this.#firstIds[last] + this.#counts[last];
  }

  add({ firstId, count, amountFen, sponsor, order = 0 }: Mint): void {
    if (this.#size === this.#firstIds.length) this.#grow();
    const at = this.#size++;
    this.#firstIds[at] = firstId;
    this.#counts[at] = count;
    this.#amountsFen[at] = amountFen;
    this.#sponsors[at] = sponsor;
    this.#orders[at] = order;
  }

  /** The mint that made a packet. */
  of(packetId: number): Mint | undefined {
    const at = this.#lastFrom(packetId);
    return at < 0 || packetId >= this.#firstIds[at] + this.#counts[at] ? undefined : this.#mint(at);
  }

  /** The sponsor of a packet, -1 if no mint has made it. Allocates nothing. */
  sponsorOf(packetId: number): number {
    const at = this.#lastFrom(packetId);
    return at < 0 || packetId >= this.#firstIds[at] + this.#counts[at] ? -1 : this.#sponsors[at];
  }

  /** Calls with every mint, in order of their ids. */
  forEach(each: (firstId: number, amountFen: number, sponsor: number) => void): void {
    for (let at = 0; at < this.#size; at++) {
      each(this.#firstIds[at], this.#amountsFen[at], this.#sponsors[at]);
    }
  }

  /** All mints, in order of their ids. */
  *all(): Generator<Mint> {
    for (let at = 0; at < this.#size; at++) yield this.#mint(at);
  }

  /** The mint that begins with this id. */
  from(firstId: number): Mint | undefined {
    const at = this.#lastFrom(firstId);
    return at < 0 || this.#firstIds[at] !== firstId ? undefined : this.#mint(at);
  }

  /** The place of the last mint that begins at or below an id, -1 if there is none. */
  #lastFrom(packetId: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#firstIds[middle] <= packetId) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #mint(at: number): Mint {
    return {
      firstId: this.#firstIds[at],
      count: this.#counts[at],
      amountFen: this.#amountsFen[at],
      sponsor: this.#sponsors[at],
      order: this.#orders[at],
    };
  }

  #grow(): void {
    const longer = <T extends Uint32Array | Uint16Array | Float64Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    const capacity = this.#size * 2;
    this.#firstIds = longer(new Uint32Array(capacity), this.#firstIds);
    this.#counts = longer(new Uint32Array(capacity), this.#counts);
    this.#amountsFen = longer(new Float64Array(capacity), this.#amountsFen);
    this.#sponsors = longer(new Uint16Array(capacity), this.#sponsors);
    this.#orders = longer(new Uint32Array(capacity), this.#orders);
  }
}
