import { assert } from "../base/assert.ts";
import type { OnStage } from "../cli/progress.ts";
import { UserError } from "../base/user_error.ts";
import type { Clock } from "../base/clock.ts";
import { DirectoryLock } from "../ledger/disk/directory_lock.ts";
import { EntryKind } from "../ledger/kinds/entry_kinds.ts";
import { ENTRY_WORDS, EntryWord, setEntryAmountFen, Verdict } from "../ledger/record/entry.ts";
import { refuseLostRows } from "../ledger/evidence/inspect.ts";
import { emptyJudgement } from "../ledger/record/judgement.ts";
import { openJudge } from "../ledger/checkpoint/open_judge.ts";
import { catchUp } from "../ledger/projection/projector.ts";
import { SqliteStore } from "../ledger/store/sqlite_store.ts";
import { StoredLedger } from "../ledger/store/stored_ledger.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";

/** What went back to a sponsor. */
export interface GaveBack {
  readonly sponsor: number;
  readonly amountFen: number;
}

/** Rows of a commit at most. */
const ROWS_PER_COMMIT = 10_000;

/**
 * Ends an event: what nobody won of each sponsor's packets goes back to it, and what was won and never opened. None of
 * those packets can be won or opened afterwards, and nothing more is made for any order. Doing it again changes nothing.
 *
 * @throws UserError if there is no ledger, or a server uses it
 */
export function closeEvent(directory: string, clock: Clock, onStage: OnStage = () => {}): GaveBack[] {
  const lock = DirectoryLock.takeExisting(directory, "ledger");
  try {
    refuseLostRows(directory, clock.wallMs());
    new TruthReader(directory).close(); // whoever mistypes a directory must not find a new ledger in it
    const store = new SqliteStore(directory);
    const { judge } = openJudge(
      store,
      directory,
      store.limits(),
      (rows) => onStage(`${directory} (reading)`, rows, store.lastSeq(), "rows"),
    );
    const closing = new Closing(new StoredLedger(judge, store, clock));
    for (const sponsor of judge.sponsors) {
      closing.enter(EntryKind.giveBack, judge.nextPacketId, 0, judge.poolFenOf(sponsor), sponsor);
    }
    for (const { number, isEnded } of judge.orders.all) {
      if (!isEnded) closing.enter(EntryKind.endOrder, number, 0, 0, 0);
    }
    for (const packetId of judge.packets.unopened()) {
      const { user, amountFen } = judge.awardOf(packetId)!;
      closing.enter(EntryKind.lapse, packetId, user, amountFen, judge.packets.sponsor(packetId));
    }
    const gave = closing.finish();
    catchUp(directory, clock, onStage);
    return gave;
  } finally {
    lock.release();
  }
}

/** Enters what goes back, so many rows a commit. */
class Closing {
  readonly #ledger: StoredLedger;
  readonly #words = new Int32Array(ENTRY_WORDS);
  readonly #judgement = emptyJudgement();
  readonly #fenOf = new Map<number, number>();
  #staged = 0;

  constructor(ledger: StoredLedger) {
    this.#ledger = ledger;
  }

  enter(kind: number, packetId: number, user: number, amountFen: number, sponsor: number): void {
    if (amountFen === 0 && kind !== EntryKind.endOrder) return;
    const words = this.#words;
    words[EntryWord.kind] = kind;
    words[EntryWord.packetId] = packetId;
    words[EntryWord.user] = user;
    words[EntryWord.sponsor] = sponsor;
    setEntryAmountFen(words, 0, amountFen);
    this.#ledger.judge(words, 0, this.#judgement);
    assert(this.#judgement.verdict === Verdict.done, "a whole pool can go back, and what is unopened");
    if (amountFen > 0) this.#fenOf.set(sponsor, (this.#fenOf.get(sponsor) ?? 0) + amountFen);
    if (++this.#staged % ROWS_PER_COMMIT === 0) this.#commit();
  }

  finish(): GaveBack[] {
    this.#commit();
    this.#ledger.close();
    return [...this.#fenOf].map(([sponsor, amountFen]) => ({ sponsor, amountFen }))
      .sort((a, b) => a.sponsor - b.sponsor);
  }

  #commit(): void {
    if (this.#ledger.commit()) return;
    const { failure } = this.#ledger;
    this.#ledger.close();
    throw new UserError(`${failure}: not all is known to have gone back. Try again`);
  }
}
