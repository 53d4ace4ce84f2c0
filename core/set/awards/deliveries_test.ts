import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { DELIVERED_AFTER_MS, Deliveries } from "./deliveries.ts";

Deno.test("whatever happens, each award is taken once, not before its time, and only of its own connection", () => {
  const rng = new Random(41);
  const newest = new Uint32Array(20);
  const deliveries = new Deliveries(newest);
  const sent = Array.from({ length: newest.length }, () => new Map<number, number>());
  let packetId = 0;
  let nowMs = 0;
  for (let step = 0; step < 50_000; step++) {
    nowMs += rng.below(40);
    const connection = rng.below(newest.length);
    const mine = sent[connection];
    switch (rng.below(8)) {
      case 0:
        deliveries.forget(connection);
        mine.clear();
        break;
      case 1:
      case 2: {
        const due = [...mine].filter(([, sentMs]) => nowMs - sentMs >= DELIVERED_AFTER_MS).map(([id]) => id);
        const taken = due.map(() => deliveries.takeDelivered(connection, nowMs));
        assert.deepEqual(taken.toSorted((a, b) => a - b), due);
        assert.equal(deliveries.takeDelivered(connection, nowMs), 0);
        for (const id of due) mine.delete(id);
        break;
      }
      default:
        deliveries.add(connection, ++packetId, nowMs);
        mine.set(packetId, nowMs);
    }
    assert.equal(newest[connection] === 0, mine.size === 0);
  }
});
