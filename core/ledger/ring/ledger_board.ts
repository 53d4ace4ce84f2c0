/** What the ledger thread can do now. */
export const LedgerState = {
  /** It reads what is stored. */
  starting: 0,
  /** It judges awards. */
  awarding: 1,
  /** Its disk fails: awards wait. */
  failing: 2,
} as const;
export type LedgerState = typeof LedgerState[keyof typeof LedgerState];

const STATE = 0;
const HEARTBEAT = 1;
const WORDS = 2;

/** A few words of shared memory that every thread reads and the ledger thread writes. */
export class LedgerBoard {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory = new SharedArrayBuffer(WORDS * 4)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  get state(): LedgerState {
    return Atomics.load(this.#words, STATE) as LedgerState;
  }

  set state(state: LedgerState) {
    Atomics.store(this.#words, STATE, state);
  }

  /** Ledger thread: it lives. */
  beat(): void {
    Atomics.add(this.#words, HEARTBEAT, 1);
  }

  get heartbeat(): number {
    return Atomics.load(this.#words, HEARTBEAT);
  }
}
