import type { Random } from "../base/random.ts";
import { Schedule } from "../base/schedule.ts";
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
  /** Told when something is under way, for whoever sleeps until the next arrival. */
  onSend: () => void = () => {};
  readonly #random: Random;
  readonly #now: () => number;
  #nowMs = 0;
  #nextRetryMs = RETRY_MS;
  readonly #waiting = new Schedule();

  /** @param now the present; absent: when time was let pass last */
  constructor(order: ValueOrder, faults: SimFaults, random: Random, now?: () => number) {
    this.faults = faults;
    this.#random = random;
    this.#now = now ?? (() => this.#nowMs);
    this.hub = new MemoryHub(order, (_from, _to, arrive) => this.#send(arrive));
  }

  /** When something happens next. */
  get nextDueMs(): number {
    return Math.min(this.#waiting.nextMs, this.isDown ? Infinity : this.#nextRetryMs);
  }

  /** Lets everything arrive that is due by then. */
  advanceTo(nowMs: number): void {
    for (;;) {
      this.#nowMs = Math.min(nowMs, Math.max(this.#nowMs, this.#waiting.nextMs));
      const arrive = this.#waiting.takeDue(nowMs);
      if (arrive === undefined) break;
      if (!this.isDown) arrive();
    }
    this.#nowMs = nowMs;
    if (nowMs < this.#nextRetryMs || this.isDown) return;
    this.#nextRetryMs = nowMs + RETRY_MS;
    this.hub.retry();
  }

  #send(arrive: () => void): void {
    if (this.isDown || this.#random.float() < this.faults.lost) return;
    this.onSend();
    const copies = this.#random.float() < this.faults.repeated ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const { delayMs, jitterMs } = this.faults;
      this.#waiting.add(this.#now() + delayMs + jitterMs * this.#random.float(), arrive);
    }
  }
}
