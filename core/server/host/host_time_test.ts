import assert from "node:assert/strict";
import { fillLedger } from "../../../bench/fill_ledger.ts";
import { ManualClock } from "../../base/clock.ts";
import { HostTime, lastRowMs } from "./host_time.ts";
import { FileNotes, MemoryNotes } from "./plugin_notes.ts";

const START_MS = 1_700_000_000_000;

Deno.test("a host's time goes on where it was kept, to 10 s and at each step", () => {
  const directory = Deno.makeTempDirSync();
  const clock = new ManualClock(START_MS);
  const time = new HostTime(clock, new FileNotes(directory), undefined);
  for (let ms = 0; ms < 25_000; ms += 500) {
    time.turn(clock.monotonicMs());
    clock.advance(500);
  }
  const killed = new HostTime(clock, new FileNotes(directory), START_MS);
  assert.equal(killed.now().eventMs, START_MS + 20_000);
  clock.stepWall(1e9);
  time.turn(clock.monotonicMs());
  const stepped = new HostTime(clock, new FileNotes(directory), START_MS);
  assert.deepEqual([stepped.now().eventMs, stepped.now().mayExpire], [START_MS + 25_000, false]);
  clock.advance(3_000);
  time.close();
  assert.equal(new HostTime(clock, new FileNotes(directory), START_MS).now().eventMs, START_MS + 28_000);
  Deno.removeSync(directory, { recursive: true });
});

Deno.test("a ledger that never kept a time goes on from its last row, and an empty one from now", () => {
  const directory = Deno.makeTempDirSync();
  assert.equal(lastRowMs(directory), undefined);
  fillLedger(directory, { awards: 10, users: 10, isCheckpointed: false });
  const lastMs = lastRowMs(directory)!;
  const clock = new ManualClock(lastMs + 1e10);
  assert.equal(new HostTime(clock, new MemoryNotes(), lastMs).now().eventMs, lastMs);
  assert.equal(new HostTime(clock, new MemoryNotes(), undefined).now().eventMs, lastMs + 1e10);
  Deno.removeSync(directory, { recursive: true });
});

Deno.test("a disk that takes no note doesn't end the host", () => {
  const clock = new ManualClock(START_MS);
  const time = new HostTime(clock, {
    read: () => undefined,
    write: () => {
      throw new Error("full");
    },
  }, undefined);
  time.turn(0);
  time.close();
  assert.equal(time.now().eventMs, START_MS);
});
