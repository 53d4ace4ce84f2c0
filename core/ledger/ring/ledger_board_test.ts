import assert from "node:assert/strict";
import { genesis } from "../chain/chain.ts";
import { LedgerBoard } from "./ledger_board.ts";
import { hexOf } from "../chain/links.ts";

Deno.test("a board shows the last head that was written, of any row, and none before", () => {
  const writer = new LedgerBoard();
  const reader = new LedgerBoard(writer.memory);
  assert.equal(reader.head, undefined);
  for (const seq of [0, 7, 3_000_000_000, 2 ** 40 + 5]) {
    const { head } = genesis(`ledger ${seq}`);
    writer.showHead(seq, head);
    assert.deepEqual(reader.head, { seq, headHex: hexOf(head) });
  }
});
