import assert from "node:assert/strict";
import { emptyBalances } from "../record/ledger.ts";
import { MoneyRows } from "../record/money_rows.ts";
import { MoneyTally } from "../registry/money_tally.ts";
import { MoneyBoard } from "./money_board.ts";

Deno.test("a reader sees what was shown whole, and nothing of what is just being written", () => {
  const groups = [{ wave: 0, sponsor: 7, firstId: 1, count: 5 }];
  const board = MoneyBoard.for(groups);
  const tally = new MoneyTally(groups);
  tally.made(1, 50, 7);
  board.publish(tally, { ...emptyBalances(), poolFen: 50 });
  const before = board.read();
  assert.deepEqual([before!.rows.map(({ madeFen }) => madeFen), before!.balances.poolFen], [[50], 50]);
  const [version] = [new Int32Array(board.memory, 0, 1)];
  version[0]++; // a writer that has begun
  assert.equal(board.read(), undefined);
  version[0]++;
  assert.deepEqual(board.read(), before);
});

Deno.test("a board shows every row of a table that is full", () => {
  const tally = new MoneyTally([]);
  let sponsors = 0;
  while (tally.rows.size < MoneyRows.capacity([])) tally.made(++sponsors, 10 + sponsors, sponsors);
  assert.ok(sponsors > 100);
  const board = MoneyBoard.for([]);
  board.publish(tally, emptyBalances());
  const shown = board.read()!.rows.map(({ sponsor, madeFen }) => [sponsor, madeFen]);
  assert.deepEqual(shown.slice(0, 3), [[1, 11], [2, 12], [3, 13]]);
  assert.equal(shown.length, MoneyRows.capacity([]));
  assert.equal(
    shown.reduce((sum, [, madeFen]) => sum + madeFen, 0),
    sponsors * 10 + sponsors * (sponsors + 1) / 2,
  );
});
