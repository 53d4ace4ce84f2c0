import { orderStates } from "../registry/order_states.ts";
import type { AwardRecord, Balances } from "../record/ledger.ts";
import type { OrderState } from "../record/order_state.ts";
import type { Judge } from "./judge.ts";

/** What every ledger says out of its judge's registry. */
export abstract class JudgedLedger {
  protected readonly judging: Judge;

  constructor(judge: Judge) {
    this.judging = judge;
  }

  get nextPacketId(): number {
    return this.judging.nextPacketId;
  }

  get unopened(): number {
    return this.judging.unopened;
  }

  balances(): Balances {
    return this.judging.balances();
  }

  orders(): OrderState[] {
    return orderStates(this.judging);
  }

  awardOf(packetId: number): AwardRecord | undefined {
    return this.judging.awardOf(packetId);
  }

  writeHoldings(user: number, words: Uint32Array, at: number, most: number): void {
    this.judging.writeHoldings(user, words, at, most);
  }
}
