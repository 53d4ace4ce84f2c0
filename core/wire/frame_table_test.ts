import assert from "node:assert/strict";
import { AssertionFailed } from "../base/assert.ts";
import { FrameTable, MAX_FRAME_BYTES, MAX_OPCODE } from "./frame_table.ts";

Deno.test("a range of sizes is kept as given, one size stands for both ends", () => {
  const table = new FrameTable();
  table.allow(3, 12, MAX_FRAME_BYTES);
  table.allow(4, 16);
  assert.deepEqual([table.minBytes[3], table.maxBytes[3]], [12, MAX_FRAME_BYTES]);
  assert.deepEqual([table.minBytes[4], table.maxBytes[4]], [16, 16]);
  assert.equal(table.minBytes[5], 0);
});

Deno.test("what no frame can be is our own mistake", () => {
  const table = new FrameTable();
  for (
    const [opcode, min, max] of [[-1, 16, 16], [MAX_OPCODE, 16, 16], [1, 11, 16], [1, 20, 16], [1, 12, 4097]]
  ) {
    assert.throws(() => table.allow(opcode, min, max), AssertionFailed);
  }
});
