import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { ForeignAwards, foreignAwardsBytes } from "./foreign_awards.ts";

function awardsOf(foreign: ForeignAwards, user: number): number[][] {
  const found: number[][] = [];
  for (let slot = foreign.first(user); slot >= 0; slot = foreign.next(slot, user)) {
    found.push([foreign.packetId(slot), foreign.sponsor(slot)]);
  }
  return found.sort(([a], [b]) => a - b);
}

Deno.test("it has what it was told, once, for another view of the same memory too", () => {
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    const foreign = ForeignAwards.of(3_000);
    const reader = new ForeignAwards(foreign.memory);
    const model = new Map<number, Map<number, number>>();
    const told: [number, number, number][] = [];
    for (let i = 1; i <= 3_000; i++) {
      // Neighbours, and users whose ids differ in the highest bits alone.
      const user = (random.below(2) === 0 ? random.below(500) : 0xffff_fe00 + random.below(500)) >>> 0;
      const award: [number, number, number] = [user, (i * 0x10_0001) >>> 0, random.below(0x1_0000)];
      told.push(award);
      for (const [user, packetId, sponsor] of [award, told[random.below(told.length)]]) {
        assert.ok(foreign.add(user, packetId, sponsor));
      }
      model.set(user, (model.get(user) ?? new Map()).set(award[1], award[2]));
    }
    assert.deepEqual([reader.size, reader.over], [3_000, 0], `seed ${seed}`);
    for (const [user, packets] of model) {
      assert.deepEqual(awardsOf(reader, user), [...packets].sort(([a], [b]) => a - b), `seed ${seed}`);
    }
    assert.deepEqual(awardsOf(reader, 123_456), []);
  }
});

Deno.test("what finds no room is counted and left out, and a search still ends", () => {
  const foreign = ForeignAwards.of(100);
  for (let i = 1; i <= foreign.capacity; i++) assert.ok(foreign.add(7, i, 1));
  assert.equal(foreign.add(8, 1_000, 1), false);
  assert.ok(foreign.add(7, 5, 1), "what is there needs no room");
  assert.deepEqual([foreign.size, foreign.over], [foreign.capacity, 1]);
  assert.deepEqual(awardsOf(foreign, 8), []);
  assert.equal(awardsOf(foreign, 7).length, foreign.capacity);
});

Deno.test("its memory is 12.5 bytes an award, whatever is in it", () => {
  assert.equal(foreignAwardsBytes(120_000_000), 1_500_000_008);
  const foreign = ForeignAwards.of(1_000);
  assert.deepEqual([foreign.memory.byteLength, foreign.capacity], [12_508, 1_000]);
});
