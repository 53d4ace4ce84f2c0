import { compareOpenings } from "../../settle/judge/opening_order.ts";
import { judgeOpenings } from "../../settle/judge/judge_openings.ts";
import type { AwardState } from "../account/award_state.ts";
import type { Settled, Settlement } from "../account/settlement.ts";
import { covers } from "../account/holds.ts";
import type { ModelState } from "./model_state.ts";

/** `Settlement` as it must be. */
export class ModelSettlement implements Settlement {
  readonly #get: () => ModelState;

  constructor(get: () => ModelState) {
    this.#get = get;
  }

  // deno-lint-ignore require-await -- the contract is asynchronous
  async settle(part: number, beforeS: number, most: number): Promise<Settled> {
    const { event, openings, awards, holders, again, holds, revoked } = this.#get();
    const batch = openings.filter((opening) => opening.part === part && opening.openedS < beforeS)
      .sort(compareOpenings).slice(0, most);
    if (batch.length === 0) return { openings: 0, states: new Map(), again: 0 };
    const judged = judgeOpenings(batch, {
      limits: event,
      holders,
      settled: awards,
      isRevoked: (packetId) => revoked.some(({ first, last }) => first <= packetId && packetId <= last),
      isHeld: (user, packetId) => holds.some((hold) => covers(hold, user, packetId)),
    });
    const states = new Map<AwardState, number>();
    for (const [i, opening] of batch.entries()) {
      openings.splice(openings.indexOf(opening), 1);
      const state = judged.states[i];
      if (state === 0) again.push(opening);
      else {
        const { part: _, ...award } = opening;
        const dueMs = opening.openedS * 1_000;
        awards.set(opening.packetId, { ...award, state, reason: "", dueMs, claims: 0, hasDoubt: false });
        states.set(state, (states.get(state) ?? 0) + 1);
      }
    }
    for (const [user, sponsors] of judged.holders) holders.set(user, sponsors);
    return { openings: batch.length, states, again: judged.states.filter((state) => state === 0).length };
  }
}
