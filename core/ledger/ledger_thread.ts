import { Bell } from "../shared/bell.ts";
import type { Balances } from "./ledger.ts";
import type { LedgerInit, LedgerOrder, LedgerReport } from "./ledger_worker.ts";

/** The ledger thread, from the main thread's side. */
export class LedgerThread {
  /** Rung by producers after they have published entries. */
  readonly bell = new Bell();
  /** Resolves when it judges entries. */
  readonly ready: Promise<void>;
  /** The first packet id that no mint has used; known once ready. */
  nextPacketId = 0;

  readonly #thread: Worker;
  readonly #heartbeat = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting: ((balances: Balances) => void)[] = [];
  #lastBeat = 0;
  #aliveAtMs = Infinity;

  /** @param thread just started; it is sent what it needs */
  constructor(thread: Worker, clients: LedgerInit["clients"]) {
    this.#thread = thread;
    const init: LedgerInit = { bell: this.bell.words.buffer, heartbeat: this.#heartbeat.buffer, clients };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    thread.onmessage = ({ data }: MessageEvent<LedgerReport>) => {
      if (data.type === "balances") return this.#waiting.shift()?.(data.balances);
      this.nextPacketId = data.nextPacketId;
      resolve();
    };
    thread.postMessage(init);
  }

  /** The sums of all accounts, as committed. */
  balances(): Promise<Balances> {
    const order: LedgerOrder = { type: "balances" };
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#thread.postMessage(order);
    });
  }

  /** Whether the thread's loop hasn't turned for longer than `limitMs`. */
  isSilent(nowMs: number, limitMs: number): boolean {
    const beat = Atomics.load(this.#heartbeat, 0);
    if (beat !== this.#lastBeat || this.#aliveAtMs === Infinity) {
      this.#lastBeat = beat;
      this.#aliveAtMs = nowMs;
    }
    return nowMs - this.#aliveAtMs > limitMs;
  }
}
