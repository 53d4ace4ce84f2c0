import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { type MoneyGroup, MoneyRows, NO_WAVE } from "./money_rows.ts";

Deno.test("every packet's row is that of its group, and otherwise of its sponsor, in whatever order they are asked for", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const groups: MoneyGroup[] = [];
    let nextId = 1;
    for (let i = random.below(12); i > 0; i--) {
      const [firstId, count] = [nextId + random.below(3), 1 + random.below(4)];
      groups.push({ wave: random.below(3), sponsor: 1 + random.below(4), firstId, count });
      nextId = firstId + count;
    }
    const rows = new MoneyRows(groups);
    for (let step = 0; step < 200; step++) {
      const [packetId, sponsor] = [random.below(nextId + 4), 1 + random.below(6)];
      const at = groups.findIndex(({ firstId, count }) => packetId >= firstId && packetId < firstId + count);
      const row = rows.of(packetId, sponsor);
      const expected = at < 0 ? [sponsor, NO_WAVE] : [groups[at].sponsor, groups[at].wave];
      const where = `seed ${seed}: packet ${packetId} of sponsor ${sponsor}`;
      assert.deepEqual([rows.sponsor[row], rows.wave[row]], expected, where);
      if (at >= 0) assert.equal(row, at, where);
      assert.equal(rows.of(packetId, sponsor), row, "the same once more");
      assert.ok(row < rows.size && rows.size <= MoneyRows.capacity(groups), where);
    }
  }
});
