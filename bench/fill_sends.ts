import { EntryKind } from "../core/ledger/kinds/entry_kinds.ts";
import { NO_LIMITS } from "../core/ledger/record/ledger.ts";
import { openJudge } from "../core/ledger/checkpoint/open_judge.ts";
import { catchUp } from "../core/ledger/projection/projector.ts";
import { sendBodyWords } from "../core/ledger/record/send_body.ts";
import { SqliteStore } from "../core/ledger/store/sqlite_store.ts";
import { StoredLedger } from "../core/ledger/store/stored_ledger.ts";
import { systemClock } from "../core/base/clock.ts";
import { LedgerFiller } from "./ledger_filler.ts";

export interface FillSendsOptions {
  readonly packets: number;
  /** Every so many-th packet stays open; all shares of the others are claimed, and their users have heard. */
  readonly openEvery: number;
  /** Ids from 0 on; user `u` sends to the two next ones. */
  readonly users: number;
  readonly isCheckpointed: boolean;
}

const PER_BATCH = 5_000;
const FUND_FEN = 1_000_000;
const SHARES_FEN = Uint32Array.of(60, 40);

/** Makes a ledger in which so many packets were sent, without a server. */
export function fillSends(directory: string, options: FillSendsOptions): void {
  const { packets, openEvery, users } = options;
  Deno.mkdirSync(directory, { recursive: true });
  const store = new SqliteStore(directory, "off");
  const ledger = new StoredLedger(openJudge(store, directory, NO_LIMITS).judge, store, systemClock);
  const filler = new LedgerFiller(ledger);
  for (let user = 0; user < users; user++) {
    filler.enter(EntryKind.fund, { user, tag: 1, amountFen: FUND_FEN });
  }
  for (let i = 0; i < packets; i++) {
    const sender = i % users;
    const recipients = [1, 2].map((next) => (sender + next) % users);
    const body = sendBodyWords({
      mode: 0,
      group: 0,
      deadlineMs: 9e15,
      requestId: Math.floor(i / users),
      recipients: Uint32Array.from(recipients),
      shares: SHARES_FEN,
    });
    filler.enterParts(body);
    const packetId = filler.enter(EntryKind.send, { user: sender, count: SHARES_FEN.length, amountFen: 100 });
    if (i % openEvery !== 0) {
      for (const [share, user] of recipients.entries()) {
        filler.enter(EntryKind.claim, { packetId, user, count: share, amountFen: SHARES_FEN[share] });
        filler.enter(EntryKind.delivered, { packetId, user });
      }
    }
    if (i % PER_BATCH === PER_BATCH - 1) ledger.commit();
  }
  ledger.close();
  if (options.isCheckpointed) catchUp(directory, systemClock);
}
