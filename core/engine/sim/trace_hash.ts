const ticks = new DataView(new ArrayBuffer(8));

/** A short name of all that has happened in a simulation: two runs with the same one were alike, event by event. */
export class TraceHash {
  readonly #words = new Map<string, number>();
  #a = 0x811c_9dc5;
  #b = 0x0100_0193;
  /** Events so far. */
  events = 0;

  /** @param what one of few words */
  add(timeMs: number, what: string, subject: number, size: number): void {
    this.events++;
    ticks.setFloat64(0, timeMs);
    this.#mix(ticks.getInt32(0));
    this.#mix(ticks.getInt32(4));
    this.#mix(this.#hashOf(what));
    this.#mix(subject);
    this.#mix(size);
  }

  toString(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #mix(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x85eb_ca6b);
    this.#a ^= this.#a >>> 13;
    this.#b = (Math.imul(this.#b ^ word, 0xc2b2_ae35) + this.#a) | 0;
    this.#b ^= this.#b >>> 16;
  }

  #hashOf(what: string): number {
    const known = this.#words.get(what);
    if (known !== undefined) return known;
    let hash = 0;
    for (let i = 0; i < what.length; i++) hash = Math.imul(hash, 31) + what.charCodeAt(i) | 0;
    this.#words.set(what, hash);
    return hash;
  }
}
