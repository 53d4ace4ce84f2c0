import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSegment, parseUsers, sliceOf, userIdOf, userIndexOf, workerSlice } from "./segment.ts";

Deno.test("segments and workers deal every user of a range out once", () => {
  const numbers = fc.record({
    first: fc.integer({ min: 0, max: 5000 }),
    size: fc.integer({ min: 1, max: 300 }),
    of: fc.integer({ min: 1, max: 20 }),
    workers: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(numbers, ({ first, size, of, workers }) => {
      const dealt: number[] = [];
      for (let index = 1; index <= of; index++) {
        const segment = sliceOf({ first, last: first + size - 1 }, { index, of });
        for (let worker = 0; worker < workers; worker++) {
          const slice = workerSlice(segment, worker, workers);
          for (let i = 0; i < slice.count; i++) {
            const userId = userIdOf(slice, i);
            assert.equal(userId % of, index - 1);
            assert.equal(userIndexOf(slice, userId), i);
            dealt.push(userId);
          }
        }
      }
      assert.deepEqual(dealt.toSorted((a, b) => a - b), Array.from({ length: size }, (_, i) => first + i));
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("a slice knows who isn't in it", () => {
  const slice = { first: 5, stride: 3, count: 4 }; // 5 8 11 14
  const inside = [5, 8, 11, 14];
  for (let userId = 0; userId < 30; userId++) {
    assert.equal(userIndexOf(slice, userId), inside.indexOf(userId));
  }
});

Deno.test("a segment in which no user falls is empty", () => {
  assert.equal(sliceOf({ first: 0, last: 2 }, { index: 4, of: 5 }).count, 0);
});

Deno.test("ranges and segments are read from text, and what isn't one is refused", () => {
  assert.deepEqual(parseUsers("0-999999"), { first: 0, last: 999_999 });
  assert.deepEqual(parseUsers("7"), { first: 7, last: 7 });
  for (const text of ["", "-", "5-", "9-3", "a-b", "1-2-3", "0-4294967296", "-1"]) {
    assert.equal(parseUsers(text), undefined, text);
  }
  assert.deepEqual(parseSegment("3/17"), { index: 3, of: 17 });
  for (const text of ["", "3", "0/17", "18/17", "1/0", "a/b", "1/2/3"]) {
    assert.equal(parseSegment(text), undefined, text);
  }
});
