import { idSpaceOf } from "../../base/id_space.ts";
import { Judge } from "./judge.ts";
import type { Judgement } from "../record/judgement.ts";
import type { AwardRecord, Balances, Ledger, LedgerLimits } from "../record/ledger.ts";
import type { MoneyTally } from "../books/money_tally.ts";
import type { OrderState } from "../record/order_state.ts";
import { orderStates } from "../books/order_states.ts";

/** A ledger that forgets everything when the process ends: for rehearsals that don't need one that lasts. */
export class MemoryLedger implements Ledger {
  readonly failure = undefined;
  readonly #judge: Judge;

  /** @param money where the judge adds up what it decides, if anybody wants to know */
  constructor(limits?: LedgerLimits, money?: MoneyTally, hostNumber = 0) {
    this.#judge = new Judge(limits, undefined, idSpaceOf(hostNumber));
    this.#judge.money = money;
  }

  get nextPacketId(): number {
    return this.#judge.nextPacketId;
  }

  judge(words: Int32Array, at: number, judgement: Judgement): void {
    this.#judge.judge(words, at, judgement);
  }

  commit(): boolean {
    this.#judge.check();
    return true;
  }

  balances(): Balances {
    return this.#judge.balances();
  }

  get unopened(): number {
    return this.#judge.unopened;
  }

  orders(): OrderState[] {
    return orderStates(this.#judge);
  }

  awardOf(packetId: number): AwardRecord | undefined {
    return this.#judge.awardOf(packetId);
  }

  close(): void {
    this.commit();
  }
}
