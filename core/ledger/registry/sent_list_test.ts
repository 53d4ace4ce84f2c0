import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { FIRST_SENT_ID } from "../../base/id_space.ts";
import { SentList } from "./sent_list.ts";

Deno.test("every request is known for ever, whoever made it, also after a checkpoint", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = new Random(seed);
    let list = new SentList();
    const known = new Map<string, number>();
    for (let step = 0; step < 20_000; step++) {
      // Few senders with consecutive numbers, and multiples of a power of two: what a bad hash would pile up.
      const sender = random.below(50) * (random.below(2) === 0 ? 1 : 0x1_0000);
      const requestId = random.below(400) * (random.below(2) === 0 ? 1 : 0x10_0000);
      const isFromHost = random.below(8) === 0;
      const key = `${sender} ${requestId} ${isFromHost}`;
      assert.equal(list.idOf(sender, isFromHost, requestId), known.get(key) ?? 0, key);
      if (known.has(key)) continue;
      list.add(sender, isFromHost, requestId);
      known.set(key, list.lowestId);
      assert.equal(list.lowestId, FIRST_SENT_ID + 1 - known.size);
      if (random.below(3_000) > 0) continue;
      const again = new SentList();
      again.restore(...list.columns());
      list = again;
    }
    for (const [key, packetId] of known) {
      const [sender, requestId, isFromHost] = key.split(" ");
      assert.equal(list.idOf(Number(sender), isFromHost === "true", Number(requestId)), packetId);
    }
  }
});

Deno.test("the next open packet is found from any on, the oldest first", () => {
  const list = new SentList();
  assert.equal(list.nextOpen(0), 0);
  for (let i = 0; i < 3_000; i++) list.add(1, false, i);
  for (let place = 0; place < 3_000; place++) {
    if (place % 1_000 !== 999) list.markEnded(FIRST_SENT_ID - place);
  }
  const again = new SentList();
  again.restore(...list.columns());
  for (const one of [list, again]) {
    const found: number[] = [];
    for (let id = one.nextOpen(0); id !== 0; id = one.nextOpen(id)) found.push(FIRST_SENT_ID - id);
    assert.deepEqual(found, [999, 1_999, 2_999]);
    assert.deepEqual([one.has(FIRST_SENT_ID - 2_999), one.has(FIRST_SENT_ID - 3_000)], [true, false]);
  }
});

Deno.test("a request that nobody made is nobody's, also of user 0 by number 0, however long the list is", () => {
  const list = new SentList();
  for (let i = 0; i <= 1_025; i++) {
    assert.equal(list.idOf(0, false, 0), 0, `${i} packets`);
    const again = new SentList();
    again.restore(...list.columns());
    assert.deepEqual([again.idOf(0, false, 0), again.size, again.lowestId], [0, i, list.lowestId]);
    list.add(1 + i, false, i);
  }
  assert.deepEqual([list.has(FIRST_SENT_ID + 1), list.has(FIRST_SENT_ID)], [false, true]);
});
