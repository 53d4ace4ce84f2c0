import type { Random } from "../../base/random.ts";

/** How often the fake gateway does what real ones do, in per cent of the orders. */
export interface FaultPercents {
  /** Answers 503 and does nothing. */
  readonly fail: number;
  /** Decides that an order won't be paid. */
  readonly refuse: number;
  /** Does nothing, and never answers. */
  readonly timeoutBefore: number;
  /** Pays, and never answers. */
  readonly timeoutAfter: number;
}

export type GatewayFault = "none" | "fail" | "timeoutBefore" | "timeoutAfter";

/** Draws what goes wrong. A refusal is kept with the order, so asking again changes nothing of it. */
export class GatewayFaults {
  readonly #percents: FaultPercents;
  readonly #random: Random;

  constructor(percents: FaultPercents, random: Random) {
    this.#percents = percents;
    this.#random = random;
  }

  /** Of one request. */
  draw(): GatewayFault {
    const { fail, timeoutBefore, timeoutAfter } = this.#percents;
    const drawn = this.#random.float() * 100;
    if (drawn < fail) return "fail";
    if (drawn < fail + timeoutBefore) return "timeoutBefore";
    return drawn < fail + timeoutBefore + timeoutAfter ? "timeoutAfter" : "none";
  }

  /** Of an order that is new. */
  refuses(): boolean {
    return this.#random.float() * 100 < this.#percents.refuse;
  }
}
