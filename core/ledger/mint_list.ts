/** Packets that were made together: contiguous ids, one sponsor. */
export interface Mint {
  readonly firstId: number;
  readonly count: number;
  readonly amountFen: number;
  readonly sponsor: number;
}

/** All mints, in order of their ids, which only grow. There may be gaps between them. */
export class MintList {
  readonly #mints: Mint[] = [];

  get all(): readonly Mint[] {
    return this.#mints;
  }

  /** The first id past all mints. */
  get nextId(): number {
    const last = this.#mints.at(-1);
    return last === undefined ? 1 : last.firstId + last.count;
  }

  add(mint: Mint): void {
    this.#mints.push(mint);
  }

  /** The mint that made a packet. */
  of(packetId: number): Mint | undefined {
    let low = 0;
    let high = this.#mints.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#mints[middle].firstId <= packetId) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    const mint = this.#mints[low - 1];
    return packetId < mint.firstId + mint.count ? mint : undefined;
  }
}
