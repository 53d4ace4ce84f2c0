/** A ledger in files whose host's clock is set back and forward, between its lives and in the middle of them. */
import assert from "node:assert/strict";
import { LedgerFiller } from "../../bench/ledger_filler.ts";
import { checkLedger } from "../../core/audit/check/check.ts";
import { ManualClock } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { refuseLostRows } from "../../core/ledger/evidence/inspect.ts";
import { catchUp } from "../../core/ledger/projection/projector.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import { SqliteStore } from "../../core/ledger/store/sqlite_store.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { audit } from "../audit/auditor.ts";

const LIMITS = { packetsPerUser: 40, packetsPerSponsor: 40 };
/** Either way. */
const MOST_STEP_MS = 20 * 86_400_000;

for (let seed = 1; seed <= 3; seed++) {
  Deno.test(`whatever a host's clock says, what was won stays won, and every check holds (seed ${seed})`, () => {
    const directory = Deno.makeTempDirSync({ prefix: "redpkt-clock-" });
    const random = new Random(seed);
    const clock = new ManualClock();
    const open: [packetId: number, user: number][] = [];
    let won = 0;
    try {
      for (let life = 0; life < 6; life++) {
        clock.stepWall(random.between(-MOST_STEP_MS, MOST_STEP_MS));
        assert.deepEqual(refuseLostRows(directory, clock.wallMs()), [], `seed ${seed}, life ${life}`);
        const store = new SqliteStore(directory, "off");
        const { judge, checkpointFault } = openJudge(store, directory, LIMITS);
        assert.equal(checkpointFault, undefined);
        assert.equal(judge.awards, won);
        store.noteLimits(LIMITS, clock.wallMs());
        const ledger = new StoredLedger(judge, store, clock);
        const filler = new LedgerFiller(ledger);
        // What waits to be opened can be opened, however long ago or ahead it was won.
        for (const [packetId, user] of open.splice(0)) filler.enter(EntryKind.open, { packetId, user });
        for (let commit = 0; commit < 5; commit++) {
          const firstId = ledger.nextPacketId;
          filler.enter(EntryKind.mint, { packetId: firstId, count: 4, amountFen: 40, sponsor: 1 });
          for (let i = 0; i < 3; i++) {
            const [packetId, user] = [firstId + i, random.below(20)];
            filler.enter(EntryKind.award, { packetId, user, amountFen: 10, sponsor: 1, count: HELD });
            filler.enter(EntryKind.delivered, { packetId, user });
            open.push([packetId, user]);
            won++;
          }
          clock.stepWall(random.between(-MOST_STEP_MS, MOST_STEP_MS));
          clock.advance(random.below(2_000));
          assert.ok(ledger.commit());
        }
        ledger.close();
        if (random.below(2) === 0) catchUp(directory, clock);
      }
      assert.deepEqual(checkLedger(directory).problems, [], `seed ${seed}`);
      assert.deepEqual(audit(directory, []), [], `seed ${seed}`);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}
