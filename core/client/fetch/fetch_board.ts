/** What the threads of a fleet know of shaking, for the one that fetches. */
const Word = { isShaking: 0, isQuiet: 1, isEnding: 2 } as const;
/** Of a cue that says so: nobody shakes, or everybody as they like. */
const HELD = 1n;
const NONE = 0n;
const LENGTH_BITS = 20n;

/** A fleet stops fetching so long before a cue begins, in ms: what is under way ends with it. */
export const QUIET_BEFORE_MS = 2_000;

/** When people shake, in shared memory: the main thread knows the fleet's own waves, its workers hear cues. */
export class FetchBoard {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #cue: BigInt64Array;

  constructor(memory = new SharedArrayBuffer(24)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, 4);
    this.#cue = new BigInt64Array(memory, 16, 1);
  }

  /** The fleet's own users are to shake, whatever they have heard, or stop to. */
  set isShaking(is: boolean) {
    Atomics.store(this.#words, Word.isQuiet, 0);
    Atomics.store(this.#words, Word.isShaking, is ? 1 : 0);
  }

  /** By the thread that fetches: nothing is under way, and nothing begins. */
  set isQuiet(is: boolean) {
    Atomics.store(this.#words, Word.isQuiet, is ? 1 : 0);
  }

  get isQuiet(): boolean {
    return Atomics.load(this.#words, Word.isQuiet) === 1;
  }

  set isEnding(is: boolean) {
    Atomics.store(this.#words, Word.isEnding, is ? 1 : 0);
  }

  get isEnding(): boolean {
    return Atomics.load(this.#words, Word.isEnding) === 1;
  }

  /** A server has told users when to shake. */
  planned(startMs: number, endMs: number): void {
    const lengthS = BigInt(Math.min(0xf_ffff, Math.ceil((endMs - startMs) / 1000)));
    Atomics.store(this.#cue, 0, (BigInt(Math.floor(startMs)) << LENGTH_BITS) | lengthS);
  }

  /** A server has told users to wait, or to do as they like. */
  unplanned(isHeld: boolean): void {
    Atomics.store(this.#cue, 0, isHeld ? HELD : NONE);
  }

  /**
   * Whether people shake at a time, or will soon.
   *
   * @param followsCues false if some do as they like anyway
   */
  shakesAt(wallMs: number, followsCues: boolean, aheadMs = QUIET_BEFORE_MS): boolean {
    const isShaking = Atomics.load(this.#words, Word.isShaking) === 1;
    const cue = Atomics.load(this.#cue, 0);
    if (!followsCues || cue === NONE) return isShaking;
    if (cue === HELD) return false;
    const startMs = Number(cue >> LENGTH_BITS);
    const endMs = startMs + Number(cue & 0xf_ffffn) * 1000;
    return wallMs >= startMs - aheadMs && wallMs < endMs;
  }
}
