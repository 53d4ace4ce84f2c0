import assert from "node:assert/strict";
import { awardsText } from "../client/state/awards_format.ts";
import { EntryKind } from "../ledger/kinds/entry_kinds.ts";
import {
  ENTRY_WORDS,
  EntryWord,
  PAYLOAD_AT,
  PAYLOAD_WORDS,
  setEntryAmountFen,
  Verdict,
} from "../ledger/record/entry.ts";
import { emptyJudgement } from "../ledger/record/judgement.ts";
import { NO_LIMITS } from "../ledger/record/ledger.ts";
import { openJudge } from "../ledger/checkpoint/open_judge.ts";
import { sendBodyWords } from "../ledger/record/send_body.ts";
import { SqliteStore } from "../ledger/store/sqlite_store.ts";
import { StoredLedger } from "../ledger/store/stored_ledger.ts";
import { ManualClock } from "../base/clock.ts";
import { reconcile } from "./reconcile.ts";

/** A ledger with one packet of the host's for users 11 to 13, of which 11 has claimed 60 fen and 12 claimed 30 fen. */
function fill(directory: string): number {
  const store = new SqliteStore(directory, "off");
  const ledger = new StoredLedger(openJudge(store, undefined, NO_LIMITS).judge, store, new ManualClock());
  const judgement = emptyJudgement();
  const words = new Int32Array(ENTRY_WORDS);
  const judge = (kind: number, amountFen: number, fields: readonly (readonly [number, number])[]) => {
    words.fill(0)[EntryWord.kind] = kind;
    for (const [at, value] of fields) words[at] = value;
    setEntryAmountFen(words, 0, amountFen);
    ledger.judge(words, 0, judgement);
    assert.equal(judgement.verdict, Verdict.done);
  };
  const body = sendBodyWords({
    mode: 0,
    group: 0,
    deadlineMs: 2e12,
    requestId: 1,
    recipients: Uint32Array.of(11, 12, 13),
    shares: Uint32Array.of(60, 30, 10),
  });
  for (let at = 0; at < body.length; at += PAYLOAD_WORDS) {
    words.fill(0)[EntryWord.kind] = EntryKind.part;
    words.set(body.subarray(at, at + PAYLOAD_WORDS), PAYLOAD_AT);
    ledger.judge(words, 0, judgement);
  }
  judge(EntryKind.send, 100, [[EntryWord.count, 3], [EntryWord.sponsor, 1]]);
  const { packetId } = judgement;
  judge(EntryKind.claim, 60, [[EntryWord.packetId, packetId], [EntryWord.user, 11], [EntryWord.count, 0]]);
  judge(EntryKind.claim, 30, [[EntryWord.packetId, packetId], [EntryWord.user, 12], [EntryWord.count, 1]]);
  ledger.commit();
  ledger.close();
  return packetId;
}

Deno.test("shares that users saw are compared with those that a ledger holds, user by user", () => {
  const directory = Deno.makeTempDirSync();
  const packetId = fill(directory);
  let stayed = "";
  const compare = (...seen: [user: number, amountFen: number][]) => {
    const lines = seen.map(([user, fen]) => `${user},${packetId},${fen},claim,1700000000000\n`);
    lines.push(stayed);
    Deno.writeTextFileSync(
      `${directory}/fleet.csv`,
      awardsText({ first: 0, stride: 1, count: 100 }, lines.join(""), 1, 2),
    );
    return reconcile({ ledgers: [directory], fleetFiles: [`${directory}/fleet.csv`] });
  };
  const { isClean, shares, sharesSeen, accounts } = compare([11, 60], [12, 30], [11, 60]);
  assert.ok(isClean);
  assert.deepEqual([shares, sharesSeen], [2, 2]);
  assert.deepEqual([accounts[0].sourceFen, accounts[0].userFen, accounts[0].packetFen], [-100, 90, 10]);
  assert.ok(compare([11, 60]).isClean, "a claim whose answer was lost is no difference");
  stayed = "12,0,0,stayed,9000000000000\n";
  assert.match(
    compare([11, 60]).differences[0],
    /user 12 never heard of their share, though they logged in again/,
  );
  assert.ok(compare([11, 60], [12, 30]).isClean);
  stayed = "";
  assert.match(compare([13, 10]).differences[0], /user 13 saw a share, and no ledger has it/);
  assert.match(compare([11, 61]).differences[0], /user 11 saw 61 fen, and the ledger gave 60 fen/);
  Deno.removeSync(directory, { recursive: true });
});
