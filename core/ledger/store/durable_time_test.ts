/** Event time over kills, steps of the clock and failing disks: what rows tell of it is never ahead. */
import assert from "node:assert/strict";
import { LedgerFiller } from "../../../bench/ledger_filler.ts";
import { SimStore } from "../../../test/sim/sim_store.ts";
import { ManualClock } from "../../base/clock.ts";
import { Random } from "../../base/random.ts";
import { openJudge } from "../checkpoint/open_judge.ts";
import { EntryKind } from "../kinds/entry_kinds.ts";
import { RowField } from "../record/entry_rows.ts";
import { NO_LIMITS } from "../record/ledger.ts";
import { LedgerIdentity } from "./ledger_identity.ts";
import { SqliteStore } from "./sqlite_store.ts";
import { StoredLedger } from "./stored_ledger.ts";

const START_MS = 1_700_000_000_000;

function open(store: SimStore | SqliteStore, clock: ManualClock): StoredLedger {
  return new StoredLedger(openJudge(store, undefined, NO_LIMITS).judge, store, clock);
}

function mint(ledger: StoredLedger, sponsor = 1): void {
  const packetId = Math.max(1, ledger.nextPacketId);
  new LedgerFiller(ledger).enter(EntryKind.mint, { packetId, count: 1, amountFen: 1, sponsor });
}

const timesOf = (store: SimStore) => store.rows.filter((row) => row[RowField.kind] === EntryKind.time).length;

Deno.test("whatever happens to clock, disk and process, rows never tell more time than has passed", () => {
  let kills = 0;
  let failures = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const store = new SimStore(random.fork());
    const clock = new ManualClock(START_MS);
    let ledger = open(store, clock);
    /** Event time as nobody but this test can know it, and as it was when the last commit began. */
    let eventMs = START_MS;
    let committedMs = START_MS;
    for (let step = 0; step < 200; step++) {
      const where = `seed ${seed}, step ${step}`;
      const chance = random.float();
      if (chance < 0.4) {
        const ms = random.below(2_000);
        clock.advance(ms);
        eventMs += ms;
      } else if (chance < 0.5) clock.stepWall((random.below(2) === 0 ? 1 : -1) * random.between(200, 1e9));
      else if (chance < 0.6) {
        store.close();
        clock.advance(random.below(1e8)); // it is down
        ledger = open(store, clock);
        const durableMs = store.durableTime()?.eventMs ?? clock.wallMs();
        if (store.lastSeq() > 0) {
          assert.ok(durableMs <= eventMs, `${where}: ${durableMs - eventMs} ms too early`);
          assert.ok(durableMs >= committedMs - 1_000, `${where}: ${committedMs - durableMs} ms late`);
        }
        eventMs = durableMs;
        committedMs = durableMs;
        kills++;
      } else {
        const isNew = ledger.failure === undefined;
        if (isNew) mint(ledger);
        store.faults = { fail: 0.2, kill: 0, stayBroken: 0.2 };
        if (!ledger.commit()) failures++;
        else if (isNew) committedMs = eventMs;
        store.faults = { fail: 0, kill: 0, stayBroken: 0 };
      }
    }
  }
  assert.ok(kills > 500 && failures > 500, `${kills} kills, ${failures} failures`);
});

Deno.test("time is noted only where rows would tell another one", () => {
  const store = new SimStore(new Random(1));
  const clock = new ManualClock(START_MS);
  let ledger = open(store, clock);
  const commit = () => {
    clock.advance(1_000);
    mint(ledger);
    assert.ok(ledger.commit());
  };
  for (let i = 0; i < 100; i++) commit();
  assert.equal(timesOf(store), 0, "event time is wall time");
  clock.advance(60_000);
  ledger = open(store, clock);
  for (let i = 0; i < 100; i++) commit();
  assert.equal(timesOf(store), 1, "one after a start");
  assert.equal(
    store.durableTime()?.eventMs,
    START_MS + 200_000,
    "the minute in which it was down is left out",
  );
  ledger.commit();
  clock.stepWall(1e6);
  ledger.commit();
  assert.equal(timesOf(store), 2, "a skip at once, without any other row");
  assert.equal(store.durableTime()?.graceUntilMs, START_MS + 200_000 + 1e6);
  clock.advance(1e9);
  ledger.commit();
  assert.equal(timesOf(store), 2, "nothing waits for it");
});

Deno.test("what is noted while no server runs doesn't move event time", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const clock = new ManualClock(START_MS);
    let store = new SqliteStore(directory, "off");
    const ledger = open(store, clock);
    mint(ledger);
    assert.ok(ledger.commit());
    ledger.close();
    clock.advance(1e8);
    new LedgerIdentity(directory).noteSeed("00", "a.seed", clock.wallMs());
    clock.advance(1e8);
    store = new SqliteStore(directory, "off");
    store.noteLimits({ packetsPerUser: 1, packetsPerSponsor: 1 }, clock.wallMs());
    assert.equal(store.durableTime()?.eventMs, START_MS);
    open(store, clock).close();
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
