import assert from "node:assert/strict";
import { ENTRY_WORDS, entryAmountFen, EntryWord, setEntryAmountFen } from "./entry.ts";

Deno.test("amounts survive the way through two words, and touch no other", () => {
  for (
    const amountFen of [0, 1, 499, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, -5]
  ) {
    const words = new Int32Array(2 * ENTRY_WORDS).fill(7);
    setEntryAmountFen(words, ENTRY_WORDS, amountFen);
    assert.equal(entryAmountFen(words, ENTRY_WORDS), amountFen);
    assert.equal(words.filter((word) => word !== 7).length, 2);
  }
});

Deno.test("every word of an entry has a place of its own", () => {
  const offsets = Object.values(EntryWord);
  assert.equal(new Set(offsets).size, offsets.length);
  for (const offset of offsets) assert.ok(offset >= 0 && offset < ENTRY_WORDS);
});
