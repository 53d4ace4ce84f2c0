import { nextTurn } from "../../base/event_loop.ts";
import type { SimActor } from "../../engine/sim/agenda.ts";
import type { SimNetwork } from "../../engine/sim/network.ts";

/**
 * Virtual time for programs that wait with promises. Whenever one of them may go on, time stands still until all have
 * done what they can: so nothing depends on how fast the machine is.
 */
export class VirtualTime {
  readonly #network: SimNetwork;
  readonly #grainMs: number;
  readonly #stirred = new Set<SimActor>();
  #hasStirred = false;

  /** @param grainMs sleeps end together at multiples of this, up to so much late; 0: each at its own time */
  constructor(network: SimNetwork, grainMs = 0) {
    this.#network = network;
    this.#grainMs = grainMs;
  }

  get nowMs(): number {
    return this.#network.clock.monotonicMs();
  }

  /** Resolves after `ms` of virtual time. */
  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.#network.plan(this.#endOf(this.nowMs + Math.max(0, ms)), () => {
        resolve();
        this.#hasStirred = true;
      });
    });

  #endOf(timeMs: number): number {
    return this.#grainMs === 0 ? timeMs : Math.ceil(timeMs / this.#grainMs) * this.#grainMs;
  }

  /** Promises may go on that an actor's turn has resolved; it has another turn then. */
  stir(actor?: SimActor): void {
    this.#hasStirred = true;
    if (actor !== undefined) this.#stirred.add(actor);
  }

  /** Lets virtual time pass until then. @param isDone ends it before */
  async pass(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    this.#network.plan(untilMs, () => {});
    await this.#settle();
    while (this.nowMs < untilMs && !isDone()) {
      this.#network.step();
      if (this.#hasStirred) await this.#settle();
    }
  }

  async #settle(): Promise<void> {
    do {
      this.#hasStirred = false;
      await nextTurn();
    } while (this.#hasStirred);
    for (const actor of this.#stirred) this.#network.agenda.wake(actor);
    this.#stirred.clear();
  }
}
