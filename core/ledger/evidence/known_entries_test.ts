import assert from "node:assert/strict";
import { LedgerFiller } from "../../../bench/ledger_filler.ts";
import { ManualClock } from "../../base/clock.ts";
import { openJudge } from "../checkpoint/open_judge.ts";
import { catchUp } from "../projection/projector.ts";
import { EntryKind } from "../kinds/entry_kinds.ts";
import { HELD } from "../record/entry.ts";
import { NO_LIMITS } from "../record/ledger.ts";
import { SqliteStore } from "../store/sqlite_store.ts";
import { StoredLedger } from "../store/stored_ledger.ts";
import { eachInCheckpoint, eachInProjection, type KnownEntry } from "./known_entries.ts";

Deno.test("projection and checkpoint remember packets, awards, openings and lapses, with all that they said", () => {
  const directory = Deno.makeTempDirSync({ prefix: "redpkt-known-" });
  try {
    const clock = new ManualClock();
    const store = new SqliteStore(directory, "off");
    const ledger = new StoredLedger(openJudge(store, undefined, NO_LIMITS).judge, store, clock);
    const filler = new LedgerFiller(ledger);
    const of = { sponsor: 7, user: 0, count: 0 };
    const entered: KnownEntry[] = [
      { ...of, kind: EntryKind.mint, packetId: 1, count: 3, amountFen: 60 },
      { ...of, kind: EntryKind.award, packetId: 1, user: 5, amountFen: 10 },
      { ...of, kind: EntryKind.award, packetId: 2, user: 6, amountFen: 20, count: HELD },
      { ...of, kind: EntryKind.open, packetId: 2, user: 6, amountFen: 20 },
      { ...of, kind: EntryKind.award, packetId: 3, user: 8, amountFen: 30, count: HELD },
      { ...of, kind: EntryKind.lapse, packetId: 3, user: 8, amountFen: 30 },
    ];
    for (const { kind, ...entry } of entered) filler.enter(kind, entry);
    assert.ok(ledger.commit());
    ledger.close();
    catchUp(directory, clock);
    const known: KnownEntry[] = [];
    eachInProjection(directory, (entry) => known.push(entry));
    assert.deepEqual(known.splice(0), entered, "the projection");
    eachInCheckpoint(directory, (entry) => known.push(entry), 0);
    assert.deepEqual(known, entered, "the checkpoint");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
