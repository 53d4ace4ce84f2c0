import assert from "node:assert/strict";
import { checkLedger } from "../../core/audit/check/check.ts";
import { catchUp } from "../../core/ledger/projection/projector.ts";
import { type Ledger, type LedgerLimits, NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { MemoryLedger } from "../../core/ledger/judge/memory_ledger.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { SqliteStore } from "../../core/ledger/store/sqlite_store.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { ManualClock } from "../../core/base/clock.ts";
import type { OpenedLedger } from "./ledger_bench.ts";
import { describeLedger } from "./ledger_conformance.ts";
import { describeOrders } from "./ledger_order_cases.ts";
import { describeSends } from "./ledger_send_cases.ts";

describeLedger("MemoryLedger", (limits) => {
  const ledger = new MemoryLedger(limits);
  return { ledger, dispose: () => ledger.close() };
});

describeLedger("StoredLedger", (limits) => storedLedger(limits, () => {}));

describeLedger("StoredLedger with checkpoints", (limits) => storedLedger(limits, catchUp));

describeSends("MemoryLedger", () => {
  const ledger = new MemoryLedger();
  return { ledger, dispose: () => ledger.close() };
});

describeSends("StoredLedger", () => storedLedger(NO_LIMITS, () => {}));

describeSends("StoredLedger with checkpoints", () =>
  storedLedger(NO_LIMITS, (directory, clock) => {
    catchUp(directory, clock);
    // The projection and the checkpoint say the same as the rows.
    assert.deepEqual(checkLedger(directory).problems, []);
  }));

describeOrders("MemoryLedger", () => {
  const ledger = new MemoryLedger();
  return { ledger, dispose: () => ledger.close() };
});

describeOrders("StoredLedger", () => storedLedger(NO_LIMITS, () => {}));

describeOrders("StoredLedger with checkpoints", () =>
  storedLedger(NO_LIMITS, (directory, clock) => {
    catchUp(directory, clock);
    assert.deepEqual(checkLedger(directory).problems, []);
  }));

/** @param between called with the directory when the ledger is closed, before it is opened again */
function storedLedger(
  limits: LedgerLimits,
  between: (directory: string, clock: ManualClock) => void,
): OpenedLedger {
  const directory = Deno.makeTempDirSync();
  const clock = new ManualClock();
  let ledger: Ledger;
  function open(): Ledger {
    const store = new SqliteStore(directory, "off");
    return ledger = new StoredLedger(openJudge(store, directory, limits).judge, store, clock);
  }
  open();
  return {
    ledger: ledger!,
    reopen() {
      ledger.close();
      between(directory, clock);
      return open();
    },
    dispose() {
      ledger.close();
      Deno.removeSync(directory, { recursive: true });
    },
  };
}
