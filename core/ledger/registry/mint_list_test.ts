import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { type Mint, MintList } from "./mint_list.ts";

Deno.test("every id is found in its mint, in gaps there is none, and a list may grow", () => {
  for (const mints of [0, 1, 2, 1_023, 1_024, 1_025, 3_000]) {
    const random = new Random(mints);
    const list = new MintList();
    const known: Mint[] = [];
    assert.equal(list.nextId, 1);
    let nextId = 1;
    for (let i = 0; i < mints; i++) {
      const firstId = nextId + random.below(3);
      const count = 1 + random.below(4);
      const mint = { firstId, count, amountFen: 2 ** 40 + i, sponsor: i % 65_536, order: i % 3 };
      list.add(mint);
      known.push(mint);
      nextId = firstId + mint.count;
      assert.equal(list.nextId, nextId);
    }
    assert.equal(list.size, mints);
    for (let id = 0; id <= nextId + 2; id++) {
      const mint = known.find(({ firstId, count }) => id >= firstId && id < firstId + count);
      assert.deepEqual(list.of(id), mint, `id ${id} of ${mints} mints`);
      assert.equal(list.sponsorOf(id), mint?.sponsor ?? -1);
      assert.deepEqual(list.from(id), mint?.firstId === id ? mint : undefined);
      if (mints > 100 && id > 50 && id < nextId - 50) id += 37;
    }
    assert.deepEqual([...list.all()], known);
    const each: number[][] = [];
    list.forEach((...mint) => each.push(mint));
    assert.deepEqual(each, known.map(({ firstId, amountFen, sponsor }) => [firstId, amountFen, sponsor]));
  }
});
