import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { LedgerBoard, LedgerState } from "../../ledger/ring/ledger_board.ts";
import { QuietWatch } from "./quiet_watch.ts";

function begin() {
  const clock = new ManualClock();
  const board = new LedgerBoard();
  board.state = LedgerState.awarding;
  board.beat();
  return { clock, board, watch: new QuietWatch(board, clock), startMs: clock.wallMs() };
}

Deno.test("what was dated before a beat is durable at the next beat, and not before", () => {
  const { clock, board, watch, startMs } = begin();
  assert.equal(watch.quietMs(), undefined, "a commit may be under way since before the first look");
  clock.advance(700);
  assert.equal(watch.quietMs(), undefined, "however long it takes");
  board.beat();
  assert.equal(watch.quietMs(), startMs);
  clock.advance(300);
  assert.equal(watch.quietMs(), startMs, "the next commit may be under way");
  board.beat();
  board.beat();
  assert.equal(watch.quietMs(), startMs + 700);
});

Deno.test("while the ledger is in doubt nothing new is quiet, and what came after it is", () => {
  const { clock, board, watch, startMs } = begin();
  watch.quietMs();
  board.beat();
  assert.equal(watch.quietMs(), startMs);
  clock.advance(100);
  board.state = LedgerState.failing;
  board.beat();
  assert.equal(watch.quietMs(), startMs);
  board.beat();
  clock.advance(100);
  assert.equal(watch.quietMs(), startMs);
  board.state = LedgerState.awarding;
  clock.advance(100);
  assert.equal(watch.quietMs(), startMs);
  board.beat();
  assert.equal(watch.quietMs(), startMs + 300, "as of the first look after it");
});

Deno.test("before the ledger is open nothing is quiet", () => {
  const { board, watch } = begin();
  board.state = LedgerState.starting;
  for (let i = 0; i < 3; i++) {
    board.beat();
    assert.equal(watch.quietMs(), undefined);
  }
});
