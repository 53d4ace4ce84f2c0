import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { SortedBlocks } from "./sorted_blocks.ts";

Deno.test("records come out sorted by their key, whole and all of them, however many blocks they make", () => {
  for (
    const [records, perBlock, words] of [[0, 4, 2], [1, 4, 2], [4, 4, 1], [5, 4, 3], [1_000, 16, 3], [
      20_000,
      9_000,
      2,
    ]]
  ) {
    const random = new Random(records);
    const blocks = new SortedBlocks(words, perBlock);
    const added: number[][] = [];
    for (let i = 0; i < records; i++) {
      const record = Array.from({ length: words }, (_, word) => word === 0 ? random.uint32() : i * 10 + word);
      const at = blocks.next();
      blocks.words.set(record, at);
      added.push(record);
      assert.equal(blocks.size, i + 1);
    }
    const taken: number[][] = [];
    blocks.merge((from, at) => taken.push([...from.subarray(at, at + words)]));
    blocks.close();
    assert.deepEqual(taken, added.sort((a, b) => a[0] - b[0]), `${records} records, ${perBlock} a block`);
  }
});

Deno.test("records with the same key keep the order in which they came", () => {
  const blocks = new SortedBlocks(2, 8);
  for (let i = 0; i < 50; i++) blocks.words.set([i % 3, i], blocks.next());
  const taken: number[][] = [];
  blocks.merge((from, at) => taken.push([from[at], from[at + 1]]));
  blocks.close();
  const expected = [0, 1, 2].flatMap((key) =>
    Array.from({ length: 50 }, (_, i) => [i % 3, i]).filter(([one]) => one === key)
  );
  assert.deepEqual(taken, expected);
});

Deno.test("the file that helps to sort is gone afterwards", () => {
  const made: string[] = [];
  const { makeTempFileSync } = Deno;
  Deno.makeTempFileSync = (options) => {
    made.push(makeTempFileSync(options));
    return made[0];
  };
  try {
    new SortedBlocks(2, 8).close();
  } finally {
    Deno.makeTempFileSync = makeTempFileSync;
  }
  assert.throws(() => Deno.statSync(made[0]), Deno.errors.NotFound);
});
