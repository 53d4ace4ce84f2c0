/** Which chunks each user has: a bit for each, in one column of words. */
export class ChunkMap {
  readonly users: number;
  readonly chunks: number;
  /** By user: chunks that are still to come. */
  readonly missing: Uint32Array;
  readonly #words: number;
  readonly #bits: Uint32Array;

  constructor(users: number, chunks: number) {
    this.users = users;
    this.chunks = chunks;
    this.missing = new Uint32Array(users).fill(chunks);
    this.#words = Math.ceil(chunks / 32);
    this.#bits = new Uint32Array(users * this.#words);
  }

  has(user: number, chunk: number): boolean {
    return (this.#bits[user * this.#words + (chunk >>> 5)] >>> (chunk & 31) & 1) === 1;
  }

  /** Returns false if the user has it already. */
  add(user: number, chunk: number): boolean {
    if (this.has(user, chunk)) return false;
    this.#bits[user * this.#words + (chunk >>> 5)] |= 1 << (chunk & 31);
    this.missing[user]--;
    return true;
  }

  hasAll(user: number, chunks: readonly number[]): boolean {
    return chunks.every((chunk) => this.has(user, chunk));
  }

  /** The first chunk that the user lacks, from one on and round; -1 for none. */
  nextMissing(user: number, from: number): number {
    if (this.missing[user] === 0) return -1;
    const row = user * this.#words;
    for (let step = 0, chunk = from % this.chunks; step <= this.chunks; step++) {
      // A whole word that is there needs no look at its bits.
      if ((chunk & 31) === 0 && this.#bits[row + (chunk >>> 5)] === 0xffff_ffff) {
        step += 31;
        chunk += 32;
      } else {
        if (!this.has(user, chunk)) return chunk;
        chunk++;
      }
      if (chunk >= this.chunks) chunk = 0;
    }
    return -1;
  }

  /**
   * The map of another list, with what both have.
   *
   * @param before by chunk of the new list, the same one here, or -1
   */
  carriedTo(chunks: number, before: readonly number[]): ChunkMap {
    const next = new ChunkMap(this.users, chunks);
    for (let chunk = 0; chunk < chunks; chunk++) {
      if (before[chunk] < 0) continue;
      for (let user = 0; user < this.users; user++) if (this.has(user, before[chunk])) next.add(user, chunk);
    }
    return next;
  }
}
