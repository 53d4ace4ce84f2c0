import { ENTRY_WORDS, EntryKind, EntryWord, setEntryAmountFen, Verdict } from "../core/ledger/entry.ts";
import { emptyJudgement } from "../core/ledger/ledger.ts";
import { openJudge } from "../core/ledger/open_judge.ts";
import { catchUp } from "../core/ledger/projector.ts";
import { SqliteStore } from "../core/ledger/sqlite_store.ts";
import { StoredLedger } from "../core/ledger/stored_ledger.ts";
import { NO_LIMITS } from "../core/ledger/ledger.ts";
import { systemClock } from "../core/time/clock.ts";

export interface FillOptions {
  readonly awards: number;
  /** Ids from 0 on, each of which gets about the same number of packets, of different sponsors. */
  readonly users: number;
  readonly isCheckpointed: boolean;
  /** Told every award, such as to write a fleet's file. */
  readonly onAward?: (user: number, packetId: number, amountFen: number) => void;
}

const PER_BATCH = 5_000;
const AMOUNT_FEN = 100;

/** Makes a ledger that holds so many awards already, without a server. */
export function fillLedger(directory: string, options: FillOptions): void {
  const { awards, users } = options;
  Deno.mkdirSync(directory, { recursive: true });
  const store = new SqliteStore(directory, "off");
  const ledger = new StoredLedger(openJudge(store, directory, NO_LIMITS).judge, store, systemClock);
  const words = new Int32Array(ENTRY_WORDS);
  const judgement = emptyJudgement();
  const enter = (
    kind: number,
    packetId: number,
    user: number,
    count: number,
    amountFen: number,
    sponsor: number,
  ) => {
    words[EntryWord.kind] = kind;
    words[EntryWord.packetId] = packetId;
    words[EntryWord.user] = user;
    words[EntryWord.count] = count;
    words[EntryWord.sponsor] = sponsor;
    setEntryAmountFen(words, 0, amountFen);
    ledger.judge(words, 0, judgement);
    if (judgement.verdict !== Verdict.done) throw new Error(`entry refused: ${judgement.detail}`);
  };
  for (let made = 0; made < awards; made += PER_BATCH) {
    const count = Math.min(PER_BATCH, awards - made);
    // A user comes by again after `users` awards, and meets another sponsor then.
    const sponsor = 1 + Math.floor(made / users);
    const firstId = ledger.nextPacketId;
    enter(EntryKind.mint, firstId, 0, count, count * AMOUNT_FEN, sponsor);
    for (let i = 0; i < count; i++) {
      const user = (made + i) * 7_919 % users;
      enter(EntryKind.award, firstId + i, user, 0, AMOUNT_FEN, sponsor);
      options.onAward?.(user, firstId + i, AMOUNT_FEN);
    }
    ledger.commit();
  }
  ledger.close();
  if (options.isCheckpointed) catchUp(directory, systemClock);
}
