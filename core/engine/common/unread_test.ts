import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { Unread } from "./unread.ts";

Deno.test("the oldest comes first, when its time is over", () => {
  const unread = new Unread(10, 100);
  unread.add(3, 10);
  unread.add(5, 20);
  assert.equal(unread.next(109), -1);
  assert.equal(unread.next(110), 3);
  assert.equal(unread.remove(3), 10);
  assert.equal(unread.next(110), -1);
  assert.equal(unread.next(Infinity), 5);
  assert.equal(unread.last(), 5);
});

Deno.test("one that was read and left again waits anew", () => {
  const unread = new Unread(10, 100);
  unread.add(1, 10);
  unread.add(2, 20);
  unread.remove(1);
  unread.add(1, 50);
  assert.equal(unread.next(125), 2);
  assert.equal(unread.remove(2), 20);
  assert.equal(unread.next(149), -1);
  assert.equal(unread.next(150), 1);
});

Deno.test("it agrees with a list, whatever happens", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const unread = new Unread(16, 100);
    const model = new Map<number, number>();
    for (let nowMs = 1; nowMs < 2_000; nowMs++) {
      const connection = random.between(0, 15);
      if (random.float() < 0.5) {
        unread.add(connection, nowMs);
        if (!model.has(connection)) model.set(connection, nowMs);
      } else {
        assert.equal(unread.remove(connection), model.get(connection) ?? 0, `seed ${seed}`);
        model.delete(connection);
      }
      const found = unread.next(nowMs);
      if (found >= 0) {
        assert.ok(model.get(found)! + 100 <= nowMs, `seed ${seed}: its time is over`);
        unread.remove(found);
        model.delete(found);
      }
      assert.equal(unread.size, model.size, `seed ${seed}`);
    }
  }
});
