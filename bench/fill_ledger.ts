import { EntryKind } from "../core/ledger/kinds/entry_kinds.ts";
import { openJudge } from "../core/ledger/checkpoint/open_judge.ts";
import { catchUp } from "../core/ledger/projection/projector.ts";
import { SqliteStore } from "../core/ledger/store/sqlite_store.ts";
import { StoredLedger } from "../core/ledger/store/stored_ledger.ts";
import { NO_LIMITS } from "../core/ledger/record/ledger.ts";
import { systemClock } from "../core/base/clock.ts";
import { LedgerFiller } from "./ledger_filler.ts";

export interface FillOptions {
  readonly awards: number;
  /** Ids from 0 on, each of which gets about the same number of packets, of different sponsors. */
  readonly users: number;
  readonly isCheckpointed: boolean;
  /** Awards of a commit; 5,000 if it isn't said. */
  readonly perCommit?: number;
  /** The number of the first sponsor; 1 if it isn't said. */
  readonly firstSponsor?: number;
  /** Told every award, such as to write a fleet's file. */
  readonly onAward?: (user: number, packetId: number, amountFen: number) => void;
}

const AMOUNT_FEN = 100;

/** Makes a ledger that holds so many awards already, without a server. */
export function fillLedger(directory: string, options: FillOptions): void {
  const { awards, users, firstSponsor = 1, perCommit = 5_000 } = options;
  Deno.mkdirSync(directory, { recursive: true });
  const store = new SqliteStore(directory, "off");
  const ledger = new StoredLedger(openJudge(store, directory, NO_LIMITS).judge, store, systemClock);
  const filler = new LedgerFiller(ledger);
  for (let made = 0; made < awards; made += perCommit) {
    const count = Math.min(perCommit, awards - made);
    // A user comes by again after `users` awards, and meets another sponsor then.
    const sponsor = firstSponsor + Math.floor(made / users);
    const firstId = ledger.nextPacketId;
    filler.enter(EntryKind.mint, { packetId: firstId, count, amountFen: count * AMOUNT_FEN, sponsor });
    for (let i = 0; i < count; i++) {
      const user = (made + i) * 7_919 % users;
      filler.enter(EntryKind.award, { packetId: firstId + i, user, amountFen: AMOUNT_FEN, sponsor });
      options.onAward?.(user, firstId + i, AMOUNT_FEN);
    }
    ledger.commit();
  }
  ledger.close();
  if (options.isCheckpointed) catchUp(directory, systemClock);
}
