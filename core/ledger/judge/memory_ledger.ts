import { idSpaceOf } from "../../base/id_space.ts";
import type { MoneyTally } from "../registry/money_tally.ts";
import type { Judgement } from "../record/judgement.ts";
import type { Ledger, LedgerLimits } from "../record/ledger.ts";
import { Judge } from "./judge.ts";
import { JudgedLedger } from "./judged_ledger.ts";

/** A ledger that forgets everything when the process ends: for rehearsals that don't need one that lasts. */
export class MemoryLedger extends JudgedLedger implements Ledger {
  readonly failure = undefined;

  /** @param money where the judge adds up what it decides, if anybody wants to know */
  constructor(limits?: LedgerLimits, money?: MoneyTally, hostNumber = 0) {
    super(new Judge(limits, undefined, idSpaceOf(hostNumber)));
    this.judging.money = money;
  }

  judge(words: Int32Array, at: number, judgement: Judgement): void {
    this.judging.judge(words, at, judgement);
  }

  commit(): boolean {
    this.judging.check();
    return true;
  }

  close(): void {
    this.commit();
  }
}
