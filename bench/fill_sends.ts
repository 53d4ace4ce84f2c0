import {
  ENTRY_WORDS,
  EntryKind,
  EntryWord,
  PAYLOAD_AT,
  PAYLOAD_WORDS,
  setEntryAmountFen,
  Verdict,
} from "../core/ledger/entry.ts";
import { emptyJudgement, NO_LIMITS } from "../core/ledger/ledger.ts";
import { openJudge } from "../core/ledger/open_judge.ts";
import { catchUp } from "../core/ledger/projector.ts";
import { sendBodyWords } from "../core/ledger/send_body.ts";
import { SqliteStore } from "../core/ledger/sqlite_store.ts";
import { StoredLedger } from "../core/ledger/stored_ledger.ts";
import { systemClock } from "../core/time/clock.ts";

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
  const words = new Int32Array(ENTRY_WORDS);
  const judgement = emptyJudgement();
  const enter = (
    kind: number,
    fields: readonly (readonly [word: number, value: number])[],
    amountFen: number,
  ) => {
    words.fill(0)[EntryWord.kind] = kind;
    for (const [word, value] of fields) words[word] = value;
    setEntryAmountFen(words, 0, amountFen);
    ledger.judge(words, 0, judgement);
    if (judgement.verdict !== Verdict.done) throw new Error(`entry refused: ${judgement.detail}`);
  };
  for (let user = 0; user < users; user++) {
    enter(EntryKind.fund, [[EntryWord.user, user], [EntryWord.tag, 1]], FUND_FEN);
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
    for (let at = 0; at < body.length; at += PAYLOAD_WORDS) {
      words.fill(0)[EntryWord.kind] = EntryKind.part;
      words.set(body.subarray(at, at + PAYLOAD_WORDS), PAYLOAD_AT);
      ledger.judge(words, 0, judgement);
    }
    enter(EntryKind.send, [[EntryWord.user, sender], [EntryWord.count, SHARES_FEN.length]], 100);
    const { packetId } = judgement;
    if (i % openEvery !== 0) {
      for (const [share, user] of recipients.entries()) {
        const whose = [[EntryWord.packetId, packetId], [EntryWord.user, user]] as const;
        enter(EntryKind.claim, [...whose, [EntryWord.count, share]], SHARES_FEN[share]);
        enter(EntryKind.delivered, whose, 0);
      }
    }
    if (i % PER_BATCH === PER_BATCH - 1) ledger.commit();
  }
  ledger.close();
  if (options.isCheckpointed) catchUp(directory, systemClock);
}
