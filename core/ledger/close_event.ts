import { assert } from "../assert.ts";
import { UserError } from "../cli/user_error.ts";
import type { Clock } from "../time/clock.ts";
import { DirectoryLock } from "./directory_lock.ts";
import { ENTRY_WORDS, EntryKind, EntryWord, setEntryAmountFen, Verdict } from "./entry.ts";
import { emptyJudgement } from "./ledger.ts";
import { openJudge } from "./open_judge.ts";
import { catchUp } from "./projector.ts";
import { SqliteStore } from "./sqlite_store.ts";
import { StoredLedger } from "./stored_ledger.ts";

/** What went back to a sponsor. */
export interface GaveBack {
  readonly sponsor: number;
  readonly amountFen: number;
}

/**
 * Ends an event: what nobody won of each sponsor's packets goes back to him, and none of those packets can be won
 * afterwards. Doing it again changes nothing.
 *
 * @throws UserError if a server uses the ledger
 */
export function closeEvent(directory: string, clock: Clock): GaveBack[] {
  const lock = DirectoryLock.take(directory, "ledger");
  try {
    const store = new SqliteStore(directory);
    const { judge } = openJudge(store, directory, store.limits());
    const ledger = new StoredLedger(judge, store, clock);
    const words = new Int32Array(ENTRY_WORDS);
    const judgement = emptyJudgement();
    const gave: GaveBack[] = [];
    for (const sponsor of judge.sponsors) {
      const amountFen = judge.poolFenOf(sponsor);
      if (amountFen === 0) continue;
      words[EntryWord.kind] = EntryKind.giveBack;
      words[EntryWord.packetId] = judge.nextPacketId;
      words[EntryWord.sponsor] = sponsor;
      setEntryAmountFen(words, 0, amountFen);
      ledger.judge(words, 0, judgement);
      assert(judgement.verdict === Verdict.done, "a whole pool can go back");
      gave.push({ sponsor, amountFen });
    }
    const isDurable = ledger.commit();
    ledger.close();
    if (!isDurable) throw new UserError(`${ledger.failure}: nothing is known to have gone back. Try again`);
    catchUp(directory, clock);
    return gave;
  } finally {
    lock.release();
  }
}
