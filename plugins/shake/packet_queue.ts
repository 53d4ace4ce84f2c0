/** Packets in order of arrival: id and amount in fen, in flat arrays that grow, without an object for each. */
export class PacketQueue {
  #ids = new Uint32Array(64);
  #amounts = new Uint32Array(64);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(packetId: number, amountFen: number): void {
    if (this.#size === this.#ids.length) this.#grow();
    const at = (this.#head + this.#size) & (this.#ids.length - 1);
    this.#ids[at] = packetId;
    this.#amounts[at] = amountFen;
    this.#size++;
  }

  /** Id and amount of the oldest packet; only if there is one. */
  get frontId(): number {
    return this.#ids[this.#head];
  }

  get frontAmountFen(): number {
    return this.#amounts[this.#head];
  }

  /** Drops the oldest packet. */
  shift(): void {
    this.#head = (this.#head + 1) & (this.#ids.length - 1);
    this.#size--;
  }

  #grow(): void {
    const length = this.#ids.length;
    const unroll = (old: Uint32Array<ArrayBuffer>) => {
      const longer = new Uint32Array(length * 2);
      longer.set(old.subarray(this.#head));
      longer.set(old.subarray(0, this.#head), length - this.#head);
      return longer;
    };
    this.#ids = unroll(this.#ids);
    this.#amounts = unroll(this.#amounts);
    this.#head = 0;
  }
}
