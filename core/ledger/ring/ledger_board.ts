import { HEAD_BYTES } from "../chain/chain.ts";
import { hexOf, type LedgerHead } from "../chain/links.ts";

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
/** Goes up before and after the words that follow are written: while it is odd, they are being written. */
const HEAD_VERSION = 2;
/** The last row that is durable: low and high 32 bits. */
const HEAD_SEQ = 3;
const HEAD = 5;
const STOP = HEAD + HEAD_BYTES / 4;
const WORDS = STOP + 1;

/** A few words of shared memory that every thread reads and the ledger thread writes, but for its order to stop. */
export class LedgerBoard {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #headBytes: Uint8Array;

  constructor(memory = new SharedArrayBuffer(WORDS * 4)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#headBytes = new Uint8Array(memory, HEAD * 4, HEAD_BYTES);
  }

  get state(): LedgerState {
    return Atomics.load(this.#words, STATE) as LedgerState;
  }

  set state(state: LedgerState) {
    Atomics.store(this.#words, STATE, state);
  }

  /** Main thread: the ledger thread is to end. Wake it after this. */
  stop(): void {
    Atomics.store(this.#words, STOP, 1);
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, STOP) === 1;
  }

  /** Ledger thread: it lives. */
  beat(): void {
    Atomics.add(this.#words, HEARTBEAT, 1);
  }

  /** Ledger thread: what the ledger is with its last durable row. */
  showHead(seq: number, head: Uint8Array): void {
    Atomics.add(this.#words, HEAD_VERSION, 1);
    this.#words[HEAD_SEQ] = seq;
    this.#words[HEAD_SEQ + 1] = Math.floor(seq / 2 ** 32);
    this.#headBytes.set(head);
    Atomics.add(this.#words, HEAD_VERSION, 1);
  }

  /** The same for others; undefined before the ledger is open, and for one in memory. */
  get head(): LedgerHead | undefined {
    for (;;) {
      const version = Atomics.load(this.#words, HEAD_VERSION);
      if (version === 0) return undefined;
      const seq = (this.#words[HEAD_SEQ] >>> 0) + this.#words[HEAD_SEQ + 1] * 2 ** 32;
      const headHex = hexOf(this.#headBytes.slice());
      if (version % 2 === 0 && Atomics.load(this.#words, HEAD_VERSION) === version) return { seq, headHex };
    }
  }

  get heartbeat(): number {
    return Atomics.load(this.#words, HEARTBEAT);
  }
}
