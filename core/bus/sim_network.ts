import type { Random } from "../base/random.ts";
import type { ValueOrder } from "./bus.ts";
import { MemoryHub } from "./memory_hub.ts";

/** What a model of a bus does to what it carries. */
export interface SimFaults {
  /** Each thing arrives so many ms later, or a little more. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Parts, from 0 to 1, of what is lost and of what arrives twice. */
  readonly lost: number;
  readonly repeated: number;
}

/** How often what was lost is tried again. */
const RETRY_MS = 500;

/** The model of a bus: late, repeated, lost and forgotten, in virtual time, out of a seed. */
export class SimNetwork {
  readonly hub: MemoryHub;
  faults: SimFaults;
  /** The whole network is gone: nothing travels. */
  isDown = false;
  readonly #random: Random;
  #nowMs = 0;
  #nextRetryMs = RETRY_MS;
  #order = 0;
  #waiting: { readonly atMs: number; readonly order: number; readonly arrive: () => void }[] = [];

  constructor(order: ValueOrder, faults: SimFaults, random: Random) {
    this.faults = faults;
    this.#random = random;
    this.hub = new MemoryHub(order, (_from, _to, arrive) => this.#send(arrive));
  }

  /** Lets everything arrive that is due by then. */
  advanceTo(nowMs: number): void {
    for (;;) {
      const due = this.#waiting.filter(({ atMs }) => atMs <= nowMs).sort((a, b) =>
        a.atMs - b.atMs || a.order - b.order
      );
      if (due.length === 0) break;
      this.#waiting = this.#waiting.filter(({ atMs }) => atMs > nowMs);
      for (const { atMs, arrive } of due) {
        this.#nowMs = Math.max(this.#nowMs, atMs);
        if (!this.isDown) arrive();
      }
    }
    this.#nowMs = nowMs;
    if (nowMs < this.#nextRetryMs || this.isDown) return;
    this.#nextRetryMs = nowMs + RETRY_MS;
    this.hub.retry();
  }

  #send(arrive: () => void): void {
    if (this.isDown || this.#random.float() < this.faults.lost) return;
    const copies = this.#random.float() < this.faults.repeated ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const { delayMs, jitterMs } = this.faults;
      const atMs = this.#nowMs + delayMs + jitterMs * this.#random.float();
      this.#waiting.push({ atMs, order: this.#order++, arrive });
    }
  }
}
