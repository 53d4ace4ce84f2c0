import assert from "node:assert/strict";
import fc from "fast-check";
import { firstWithin } from "./reissues.ts";

Deno.test("the first packet within ranges is the one that looking through all of them finds", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 })), { maxLength: 12 }),
      fc.array(fc.nat(150), { maxLength: 40 }),
      (gapsAndLengths, packetIds) => {
        let next = 0;
        const ranges = gapsAndLengths.map(([gap, length]) => {
          const first = next + gap;
          next = first + length;
          return { sponsor: 1, first, last: next, fen: 0 };
        }).reverse();
        const within = packetIds.filter((id) => ranges.some(({ first, last }) => first <= id && id <= last));
        const wanted = within.length === 0 ? undefined : Math.min(...within);
        assert.equal(firstWithin(ranges, packetIds), wanted);
      },
    ),
    { seed: 7, numRuns: 500 },
  );
});
