/** Entries of the completion ring. */
export const CQ_ENTRIES = 8192;

/** The completion side of a ring: 4 words each, from `head` up to `tail`; the last enter brought those from `fresh` on. */
export class Completions {
  words: Int32Array;
  head: number;
  fresh: number;
  tail: number;
  mask = CQ_ENTRIES - 1;

  readonly #ring: Int32Array;
  readonly #headAt: number;
  readonly #tailAt: number;
  readonly #ringWords: Int32Array;
  /** Where the kernel's head stands while completions are read from a copy. */
  #ringHead = 0;
  #isCopied = false;

  /** @param ring the mapped ring, and where in it head, tail and completions are */
  constructor(ring: Int32Array, headAt: number, tailAt: number, wordsAt: number) {
    this.#ring = ring;
    this.#headAt = headAt;
    this.#tailAt = tailAt;
    this.#ringWords = this.words = ring.subarray(wordsAt, wordsAt + CQ_ENTRIES * 4);
    this.head = this.fresh = this.tail = ring[headAt];
  }

  /** How many wait to be read. */
  get unread(): number {
    return (this.tail - this.head) | 0;
  }

  /** How many the last enter brought. */
  get lastCount(): number {
    return (this.tail - this.fresh) | 0;
  }

  /** Where the next one is in `words`. */
  take(): number {
    const at = (this.head & this.mask) << 2;
    this.head = (this.head + 1) | 0;
    return at;
  }

  /** All that was taken is done with: the kernel may write there again. */
  giveBack(): void {
    if (!this.#isCopied) return void Atomics.store(this.#ring, this.#headAt, this.head);
    if (this.head !== this.tail) return;
    this.#isCopied = false;
    this.words = this.#ringWords;
    this.mask = CQ_ENTRIES - 1;
    this.head = this.fresh = this.tail = this.#ringHead;
  }

  /** Before an enter: sees to it that so many more have room. */
  makeRoom(count: number): void {
    this.fresh = this.tail;
    if (!this.#isCopied && CQ_ENTRIES - this.unread < count) this.#copyOut();
  }

  /** After an enter: what it brought can be read. */
  refresh(): void {
    if (this.#isCopied) this.#copyIn();
    else this.tail = Atomics.load(this.#ring, this.#tailAt);
  }

  /** Moves what is unread out of the way: a failed send must be seen before the next send of its connection. */
  #copyOut(): void {
    const copy = new Int32Array(CQ_ENTRIES * 4 * 2);
    let count = 0;
    for (let i = this.head; i !== this.tail; i = (i + 1) | 0) {
      const at = (i & this.mask) << 2;
      copy.set(this.words.subarray(at, at + 4), count++ * 4);
    }
    this.#isCopied = true;
    this.#ringHead = this.tail;
    Atomics.store(this.#ring, this.#headAt, this.#ringHead);
    this.words = copy;
    this.mask = 0x0fff_ffff;
    this.head = 0;
    this.fresh = this.tail = count;
  }

  /** Adds what has come since to the copy. */
  #copyIn(): void {
    const tail = Atomics.load(this.#ring, this.#tailAt);
    for (; this.#ringHead !== tail; this.#ringHead = (this.#ringHead + 1) | 0) {
      if (this.tail * 4 === this.words.length) {
        const larger = new Int32Array(this.words.length * 2);
        larger.set(this.words);
        this.words = larger;
      }
      const at = (this.#ringHead & (CQ_ENTRIES - 1)) << 2;
      this.words.set(this.#ringWords.subarray(at, at + 4), this.tail++ * 4);
    }
    Atomics.store(this.#ring, this.#headAt, this.#ringHead);
  }
}
