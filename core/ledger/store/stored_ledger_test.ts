import assert from "node:assert/strict";
import { LedgerFiller } from "../../../bench/ledger_filler.ts";
import { SimStore } from "../../../test/sim/sim_store.ts";
import { Random } from "../../base/random.ts";
import { ManualClock } from "../../base/clock.ts";
import { EntryKind } from "../record/entry.ts";
import { type EntryRows, RowField } from "../record/entry_rows.ts";
import { StoreFailed } from "../disk/entry_store.ts";
import { Judge } from "../judge/judge.ts";
import { StoredLedger } from "./stored_ledger.ts";

/** A store that keeps every batch, and says each time that it failed. */
class LyingStore extends SimStore {
  override append(rows: EntryRows, delivered: Uint32Array): void {
    super.append(rows, delivered);
    throw new StoreFailed("nobody knows whether this is durable");
  }
}

/** Enters three rows whose commit is in doubt; what the store holds of them is changed. Then the disk works again. */
function mend(change: (kept: number[][]) => void): StoredLedger {
  const store = new LyingStore(new Random(1));
  const clock = new ManualClock();
  const ledger = new StoredLedger(new Judge(), store, clock);
  const filler = new LedgerFiller(ledger);
  filler.enter(EntryKind.mint, { packetId: 1, count: 10, amountFen: 1_000, sponsor: 1 });
  for (const user of [7, 8]) {
    filler.enter(EntryKind.award, { packetId: user, user, amountFen: 100, sponsor: 1 });
  }
  assert.equal(ledger.commit(), false);
  change(store.rows);
  clock.advance(1_000);
  return ledger;
}

Deno.test("a batch in doubt that is in the store as it was staged is settled, and given once", () => {
  const ledger = mend(() => {});
  assert.equal(ledger.commit(), true);
  assert.equal(ledger.failure, undefined);
  assert.equal(ledger.lastSeq, 3);
  assert.equal(ledger.awardOf(7)?.user, 7);
});

Deno.test("a batch in doubt that is in the store as something else is noticed, whatever is different", () => {
  for (const [name, field] of Object.entries(RowField)) {
    for (const row of [0, 2]) {
      const ledger = mend((kept) => kept[row][field]++);
      assert.throws(() => ledger.commit(), /the store holds what was staged/, `${name} of row ${row}`);
    }
  }
});

Deno.test("a batch in doubt of which the store holds a part is noticed", () => {
  const ledger = mend((kept) => void kept.pop());
  assert.throws(() => ledger.commit(), /a batch is in the store whole or not at all/);
});
