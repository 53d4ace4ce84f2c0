/** The disk of a world: a ledger on it is as on SQLite, and it fails as disks do. */
import assert from "node:assert/strict";
import { ManualClock } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { StoreFailed } from "../../core/ledger/disk/entry_store.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { EntryRows, RowField } from "../../core/ledger/record/entry_rows.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { SimDisk, SimKilled } from "../../core/world/parts/sim_disk.ts";
import { describeLedger } from "../ledger/ledger_conformance.ts";

const NO_MARKS = new Uint32Array();

function emptyDisk(seed = 1): SimDisk {
  return new SimDisk("ledger", 0, new Random(seed));
}

describeLedger("StoredLedger on a world's disk", (limits) => {
  const disk = emptyDisk();
  const clock = new ManualClock();
  let ledger: StoredLedger;
  const open = () => ledger = new StoredLedger(openJudge(disk, undefined, limits).judge, disk, clock);
  open();
  return {
    ledger: ledger!,
    reopen() {
      ledger.close();
      return open();
    },
    dispose: () => ledger.close(),
  };
});

/** One row after those that the disk has. */
function row(disk: SimDisk): EntryRows {
  const rows = new EntryRows();
  const at = rows.next();
  rows.values[at + RowField.seq] = disk.lastSeq() + 1;
  rows.values[at + RowField.kind] = EntryKind.mint;
  return rows;
}

Deno.test("a disk that is full takes nothing, and can be opened again once there is room", () => {
  const disk = emptyDisk();
  disk.append(row(disk), NO_MARKS);
  disk.faults.isFull = true;
  assert.throws(() => disk.append(row(disk), NO_MARKS), StoreFailed);
  assert.throws(() => disk.reopen(), StoreFailed);
  disk.faults.isFull = false;
  assert.throws(() => disk.append(row(disk), NO_MARKS), StoreFailed, "nobody knows yet what is in it");
  disk.reopen();
  assert.equal(disk.lastSeq(), 1);
  disk.append(row(disk), NO_MARKS);
  assert.equal(disk.lastSeq(), 2);
});

Deno.test("a torn commit is there whole or not at all, and either happens", () => {
  const found = new Set<number>();
  for (let seed = 1; seed <= 20; seed++) {
    const disk = emptyDisk(seed);
    disk.append(row(disk), NO_MARKS);
    disk.faults.tearsNext = true;
    assert.throws(() => disk.append(row(disk), NO_MARKS), SimKilled);
    found.add(disk.lastSeq());
    const { seq, headHex } = disk.mark;
    assert.ok(seq === disk.lastSeq() && disk.knows({ seq, headHex }));
  }
  assert.deepEqual([...found].sort(), [1, 2]);
});

Deno.test("a power loss costs nothing, or with a lying disk what it said since, and the mark knows", () => {
  const disk = emptyDisk();
  disk.append(row(disk), NO_MARKS);
  assert.deepEqual([disk.losePower(), disk.lastSeq(), disk.hasMarked], [0, 1, true]);
  disk.faults.isLying = true;
  for (let i = 0; i < 3; i++) disk.append(row(disk), NO_MARKS);
  assert.deepEqual([disk.losePower(), disk.lastSeq(), disk.hasMarked], [3, 1, false]);
});

Deno.test("an uplink reads whole commits after a place, and none after a place that isn't its history", () => {
  const disk = emptyDisk();
  for (let i = 0; i < 5; i++) disk.append(row(disk), NO_MARKS);
  const start = { seq: 0, headHex: disk.genesisHex };
  const first = disk.blockAfter(start, 2)!;
  assert.deepEqual([first.from, first.to], [start, { seq: 2, headHex: disk.headAt(2) }]);
  assert.equal(disk.blockAfter(first.to, 1_000)!.to.seq, 5);
  assert.equal(disk.blockAfter({ seq: 5, headHex: disk.headAt(5)! }, 1_000), undefined);
  assert.throws(
    () => disk.blockAfter({ seq: 2, headHex: disk.headAt(1)! }, 1_000),
    /isn't the end of a commit/,
  );
});
