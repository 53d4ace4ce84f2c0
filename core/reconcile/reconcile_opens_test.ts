import assert from "node:assert/strict";
import { awardsText } from "../client/state/awards_format.ts";
import { EntryKind } from "../ledger/kinds/entry_kinds.ts";
import { ENTRY_WORDS, EntryWord, HELD, setEntryAmountFen, Verdict } from "../ledger/record/entry.ts";
import { emptyJudgement } from "../ledger/record/judgement.ts";
import { NO_LIMITS } from "../ledger/record/ledger.ts";
import { openJudge } from "../ledger/checkpoint/open_judge.ts";
import { SqliteStore } from "../ledger/store/sqlite_store.ts";
import { StoredLedger } from "../ledger/store/stored_ledger.ts";
import { ManualClock } from "../base/clock.ts";
import { reconcile } from "./reconcile.ts";

/** A ledger with packets 1 to 3 of 10 fen, held for users 11 to 13, of whom 11 has opened theirs and 13 never will. */
function fill(directory: string): void {
  const store = new SqliteStore(directory, "off");
  const ledger = new StoredLedger(openJudge(store, undefined, NO_LIMITS).judge, store, new ManualClock());
  const judgement = emptyJudgement();
  const words = new Int32Array(ENTRY_WORDS);
  const judge = (kind: number, packetId: number, user: number, amountFen: number, count: number) => {
    words[EntryWord.kind] = kind;
    words[EntryWord.packetId] = packetId;
    words[EntryWord.user] = user;
    words[EntryWord.count] = count;
    setEntryAmountFen(words, 0, amountFen);
    ledger.judge(words, 0, judgement);
    assert.equal(judgement.verdict, Verdict.done);
  };
  judge(EntryKind.mint, 1, 0, 30, 3);
  for (const packetId of [1, 2, 3]) judge(EntryKind.award, packetId, 10 + packetId, 10, HELD);
  judge(EntryKind.open, 1, 11, 0, 0);
  judge(EntryKind.lapse, 3, 13, 10, 0);
  ledger.commit();
  ledger.close();
}

Deno.test("what users saw open is open in the ledger, and the money is where the rows say", () => {
  const directory = Deno.makeTempDirSync();
  fill(directory);
  const compare = (...seen: string[]) => {
    const lines = seen.map((line) => `${line},1700000000000\n`);
    Deno.writeTextFileSync(
      `${directory}/fleet.csv`,
      awardsText({ first: 0, stride: 1, count: 100 }, lines.join(""), 1, 2),
    );
    return reconcile({ ledgers: [directory], fleetFiles: [`${directory}/fleet.csv`] });
  };
  const { isClean, opened, openedSeen, seen, accounts: [accounts] } = compare(
    "11,1,10,shake",
    "11,1,10,open",
    "11,1,10,open",
  );
  assert.ok(isClean);
  assert.deepEqual([opened, openedSeen, seen], [1, 1, 1]);
  const { sourceFen, poolFen, heldFen, userFen, returnedFen } = accounts;
  assert.deepEqual([sourceFen, poolFen, heldFen, userFen, returnedFen], [-30, 0, 10, 10, 10]);
  assert.match(compare("12,2,10,open").differences[0], /packet 2: user 12 saw 10 fen of it open/);
  assert.match(compare("13,3,10,open").differences[0], /packet 3: user 13 saw/);
  assert.match(compare("12,1,10,open").differences[0], /packet 1: user 12 saw/);
  assert.match(compare("11,1,11,open").differences[0], /user 11 saw 11 fen of it open/);
  Deno.removeSync(directory, { recursive: true });
});
