import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { type CarriedAward, CarriedAwards } from "./carried_awards.ts";

Deno.test("each user's awards are told, the newest first, also after a checkpoint", () => {
  const random = new Random(5);
  const carried = new CarriedAwards();
  const model = new Map<number, CarriedAward[]>();
  for (let i = 1; i <= 2_000; i++) {
    const user = [0, 1, 7, 0x8000_0001, 0xffff_ffff][random.below(5)] + random.below(40);
    const award = {
      packetId: 0xffff_ffff - i,
      sponsor: random.below(0x1_0000),
      amountFen: 1 + random.below(500),
      host: random.below(1_024),
    };
    assert.equal(carried.has(user >>> 0, award.packetId), false);
    carried.add(user >>> 0, award.packetId, award.sponsor, award.amountFen, award.host);
    model.set(user >>> 0, [award, ...model.get(user >>> 0) ?? []]);
  }
  const restored = new CarriedAwards();
  restored.restore(carried.words());
  for (const each of [carried, restored]) {
    assert.deepEqual([each.size, each.users], [2_000, model.size]);
    for (const [user, awards] of model) {
      assert.deepEqual(each.of(user), awards);
      assert.ok(awards.every(({ packetId }) => each.has(user, packetId)));
    }
    assert.deepEqual(each.words(), carried.words());
  }
  assert.deepEqual(carried.of(123_456), []);
});
