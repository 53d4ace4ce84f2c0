import { assert } from "../../base/assert.ts";
import type { Random } from "../../base/random.ts";
import { Curve } from "../plan/curve.ts";
import type { Group } from "../plan/layout.ts";
import type { Plan } from "../plan/plan_schema.ts";
import { type AmountDraw, amountDraw } from "./amount_draw.ts";
import { Urn } from "./urn.ts";

/**
 * The tickets of one wave of a host, one after the other in the order of their release. Which sponsor a ticket is of, and
 * how much is in it, is drawn without putting back, so that every sum is met without holding a ticket.
 */
export class WaveTape {
  /** The ticket that was drawn last. */
  id = 0;
  amountFen = 0;
  /** Milliseconds from the start of the wave. */
  dueMs = 0;
  /** Its sponsor's number. */
  sponsor = 0;
  readonly tickets: number;
  readonly #lengthMs: number;
  readonly #curve: Curve;
  readonly #urn: Urn;
  readonly #draws: readonly AmountDraw[];
  readonly #nextIds: Float64Array;
  readonly #sponsors: Uint16Array;
  readonly #random: Random;
  #drawn = 0;

  /** @param groups all groups of the host that are of this wave */
  constructor(plan: Plan, wave: number, groups: readonly Group[], random: Random) {
    const { lengthS, curve } = plan.waves[wave];
    this.#lengthMs = lengthS * 1000;
    this.#curve = new Curve(curve);
    this.#urn = new Urn(groups.map(({ count }) => count));
    this.#draws = groups.map(({ sponsor, ofEach, count, amountFen }) =>
      amountDraw(plan.sponsors[sponsor].amounts, ofEach, count, amountFen)
    );
    this.#nextIds = Float64Array.from(groups, ({ firstId }) => firstId);
    this.#sponsors = Uint16Array.from(groups, ({ sponsor }) => plan.sponsors[sponsor].number);
    this.#random = random;
    this.tickets = this.#urn.left;
  }

  /** Draws the next ticket; only if there is one. */
  draw(): void {
    assert(this.#drawn < this.tickets, "no more tickets are drawn than the wave has");
    const group = this.#urn.draw(this.#random);
    // In the middle of its share of time: a wave's first ticket is not due before a part of the wave is over.
    const share = (this.#drawn++ + 0.5) / this.tickets;
    this.dueMs = Math.min(this.#lengthMs - 1, Math.floor(this.#lengthMs * this.#curve.timeOf(share)));
    this.id = this.#nextIds[group]++;
    this.amountFen = this.#draws[group].next(this.#random);
    this.sponsor = this.#sponsors[group];
  }
}
