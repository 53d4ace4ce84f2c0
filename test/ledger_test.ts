import { MemoryLedger } from "../core/ledger/memory_ledger.ts";
import { describeLedger } from "./ledger_conformance.ts";

describeLedger("MemoryLedger", () => {
  const ledger = new MemoryLedger();
  return { ledger, dispose: () => ledger.close() };
});
