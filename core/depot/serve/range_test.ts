import assert from "node:assert/strict";
import { readRange } from "./range.ts";

const CASES: readonly (readonly [string | null, ReturnType<typeof readRange>])[] = [
  [null, undefined],
  ["bytes=0-9", { from: 0, to: 10 }],
  ["bytes=90-", { from: 90, to: 100 }],
  ["bytes=99-99", { from: 99, to: 100 }],
  ["bytes=50-1000", { from: 50, to: 100 }],
  ["bytes=-10", { from: 90, to: 100 }],
  ["bytes=-1000", { from: 0, to: 100 }],
  ["bytes=100-", "none"],
  ["bytes=-0", "none"],
  ["bytes=9-5", undefined],
  ["bytes=-", undefined],
  ["bytes=0-1,5-6", undefined],
  ["lines=0-1", undefined],
];

for (const [header, range] of CASES) {
  Deno.test(`of 100 bytes, ${header} is ${JSON.stringify(range) ?? "the whole"}`, () => {
    assert.deepEqual(readRange(header, 100), range);
  });
}
