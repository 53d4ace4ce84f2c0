/** A new kind of entry is one declaration: here is one, judged, stored, told, checked, exported and compared. */
import assert from "node:assert/strict";
import { LedgerFiller } from "../../bench/ledger_filler.ts";
import { checkLedger } from "../../core/audit/check/check.ts";
import { exportLedger } from "../../core/audit/export.ts";
import { ManualClock } from "../../core/base/clock.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import type { Registry } from "../../core/ledger/registry/registry.ts";
import { addKind } from "../../core/ledger/kinds/entry_kinds.ts";
import type { Kind } from "../../core/ledger/kinds/kind.ts";
import { ACCOUNT } from "../../core/ledger/kinds/sides.ts";
import { projectedBalances } from "../../core/ledger/projection/projected_balances.ts";
import { catchUp } from "../../core/ledger/projection/projector.ts";
import { Refusal, Verdict } from "../../core/ledger/record/entry.ts";
import { type Judgement, refuse, say } from "../../core/ledger/record/judgement.ts";
import { NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { SqliteStore } from "../../core/ledger/store/sqlite_store.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { entryOf } from "../../core/plugin/plugin.ts";
import { reconcile } from "../../core/reconcile/reconcile.ts";

/** Money out of `source` for a user who never had any. Keyed by the user. */
const welcomeGift = {
  number: 60,
  fields: { user: "user", giftFen: "amountFen" },
  legs: [ACCOUNT.source, ACCOUNT.user],
  judge: give,
  note: give,
} as const satisfies Kind;

function give(registry: Registry, entry: Judgement): void {
  const { user, amountFen } = entry;
  if (amountFen <= 0 || !registry.canTake(amountFen)) return refuse(entry, Refusal.malformed);
  if (registry.sends.netFen.has(user)) return say(entry, Verdict.doneBefore);
  registry.sends.fund(user, amountFen);
  say(entry, Verdict.done);
}

addKind("welcomeGift", welcomeGift);

const clock = new ManualClock();

function open(directory: string) {
  const store = new SqliteStore(directory, "off");
  const opened = openJudge(store, directory, NO_LIMITS);
  return { ...opened, ledger: new StoredLedger(opened.judge, store, clock) };
}

function giveTo(ledger: StoredLedger, user: number, giftFen: number): void {
  new LedgerFiller(ledger).enter(welcomeGift.number, entryOf(welcomeGift, { user, giftFen }));
  assert.ok(ledger.commit());
}

Deno.test("a kind that is declared is judged, lasts, and everybody who looks into the ledger knows it", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const first = open(directory);
    giveTo(first.ledger, 7, 50);
    giveTo(first.ledger, 8, 30);
    assert.throws(() => giveTo(first.ledger, 7, 50), /refused: 0/, "it is keyed by its user");
    assert.throws(() => giveTo(first.ledger, 9, 0), new RegExp(`refused: ${Refusal.malformed}`));
    first.ledger.close();

    const second = open(directory);
    assert.deepEqual([second.checkpointSeq, second.judge.balanceOf(7)], [0, 50], "out of its row");
    second.ledger.close();
    catchUp(directory, clock);
    const third = open(directory);
    assert.deepEqual([third.rowsRead, third.judge.balanceOf(7)], [0, 50], "out of the checkpoint");
    giveTo(third.ledger, 9, 5);
    third.ledger.close();
    catchUp(directory, clock);

    const { balances } = projectedBalances(directory)!;
    assert.deepEqual([balances.sourceFen, balances.userFen], [-85, 85]);
    assert.deepEqual(checkLedger(directory).problems, []);
    const [{ sourceFen, userFen }] = reconcile({ ledgers: [directory], fleetFiles: [] }).accounts;
    assert.deepEqual([sourceFen, userFen], [-85, 85]);
    await exportLedger(directory, "csv", `${directory}/rows.csv`);
    const [, row] = Deno.readTextFileSync(`${directory}/rows.csv`).split("\n");
    assert.match(row, /^1,welcome_gift,0,7,50,0,0,\d+$/);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("no two kinds have one number, and none that of the parts in front of an entry", () => {
  assert.throws(() => addKind("other", welcomeGift), /60 is welcome_gift's number/);
  assert.throws(() => addKind("other", { ...welcomeGift, number: 2 }), /2 is award's number/);
  assert.throws(() => addKind("other", { ...welcomeGift, number: 11 }), /11 is part's number/);
});
