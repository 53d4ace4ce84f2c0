// deno-lint-ignore-file require-await -- the contract is asynchronous
import { AwardState, QUEUE_STATES } from "../account/award_state.ts";
import {
  type ClaimedPayment,
  mayFinish,
  type PaymentQueue,
  type PaymentResult,
  type Payments,
} from "../account/payments.ts";
import type { ModelAward, ModelState } from "./model_state.ts";

/** `Payments` as they must be. */
export class ModelPayments implements Payments {
  readonly #get: () => ModelState;

  constructor(get: () => ModelState) {
    this.#get = get;
  }

  async claim(wallMs: number, leaseMs: number, most: number): Promise<ClaimedPayment[]> {
    const due = this.#queued().filter(({ dueMs }) => dueMs <= wallMs)
      .sort((a, b) => a.dueMs - b.dueMs || a.packetId - b.packetId).slice(0, most);
    return due.map((award) => {
      const isUnknown = award.state !== AwardState.queued;
      const claims = award.claims + 1;
      this.#set(award, {
        state: isUnknown ? AwardState.unknown : AwardState.sending,
        dueMs: wallMs + leaseMs,
        claims,
        hasDoubt: award.hasDoubt || isUnknown,
      });
      return { packetId: award.packetId, user: award.user, amountFen: award.fen, claim: claims, isUnknown };
    });
  }

  async finish(results: readonly PaymentResult[]): Promise<number[]> {
    const contradictions: number[] = [];
    for (const { packetId, claim, state, dueMs, reason } of results) {
      const award = this.#get().awards.get(packetId);
      const may = award === undefined ? "contradicts" : mayFinish(award.state, award.claims, state, claim);
      if (may === "contradicts") contradictions.push(packetId);
      if (may !== "yes") continue;
      const hasDoubt = award!.hasDoubt || state === AwardState.unknown;
      this.#set(award!, { state, dueMs, reason, hasDoubt });
    }
    return contradictions;
  }

  async queue(): Promise<PaymentQueue> {
    const queued = this.#queued();
    const count = (state: AwardState) => queued.filter((award) => award.state === state).length;
    return {
      queued: count(AwardState.queued),
      sending: count(AwardState.sending),
      unknown: count(AwardState.unknown),
      fen: queued.reduce((sum, { fen }) => sum + fen, 0),
      nextDueMs: queued.length === 0 ? undefined : Math.min(...queued.map(({ dueMs }) => dueMs)),
    };
  }

  #queued(): ModelAward[] {
    return [...this.#get().awards.values()].filter(({ state }) => QUEUE_STATES.includes(state));
  }

  #set(award: ModelAward, changes: Partial<ModelAward>): void {
    this.#get().awards.set(award.packetId, { ...award, ...changes });
  }
}
