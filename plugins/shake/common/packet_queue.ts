/** Packets in order of arrival: id, amount in fen and sponsor, in flat arrays that grow, without an object for each. */
export class PacketQueue {
  #ids = new Uint32Array(64);
  #amounts = new Uint32Array(64);
  #sponsors = new Uint16Array(64);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(packetId: number, amountFen: number, sponsor: number): void {
    if (this.#size === this.#ids.length) this.#grow();
    const at = (this.#head + this.#size) & (this.#ids.length - 1);
    this.#ids[at] = packetId;
    this.#amounts[at] = amountFen;
    this.#sponsors[at] = sponsor;
    this.#size++;
  }

  /** Id, amount and sponsor of the oldest packet; only if there is one. */
  get frontId(): number {
    return this.#ids[this.#head];
  }

  get frontAmountFen(): number {
    return this.#amounts[this.#head];
  }

  get frontSponsor(): number {
    return this.#sponsors[this.#head];
  }

  /** Puts the oldest packet of another sponsor in front, in exchange for the oldest one. False if there is none. */
  frontOther(sponsor: number): boolean {
    for (let i = 0; i < this.#size; i++) {
      const at = (this.#head + i) & (this.#ids.length - 1);
      if (this.#sponsors[at] === sponsor) continue;
      swap(this.#ids, this.#head, at);
      swap(this.#amounts, this.#head, at);
      swap(this.#sponsors, this.#head, at);
      return true;
    }
    return false;
  }

  /** Drops the oldest packet. */
  shift(): void {
    this.#head = (this.#head + 1) & (this.#ids.length - 1);
    this.#size--;
  }

  #grow(): void {
    const length = this.#ids.length;
    const unroll = <T extends Uint32Array | Uint16Array>(old: T, longer: T): T => {
      longer.set(old.subarray(this.#head));
      longer.set(old.subarray(0, this.#head), length - this.#head);
      return longer;
    };
    this.#ids = unroll(this.#ids, new Uint32Array(length * 2));
    this.#amounts = unroll(this.#amounts, new Uint32Array(length * 2));
    this.#sponsors = unroll(this.#sponsors, new Uint16Array(length * 2));
    this.#head = 0;
  }
}

function swap(values: Uint32Array | Uint16Array, a: number, b: number): void {
  const value = values[a];
  values[a] = values[b];
  values[b] = value;
}
