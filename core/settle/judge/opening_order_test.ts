import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import type { Opening } from "../../books/contract/openings.ts";
import { compareOpenings } from "./opening_order.ts";

Deno.test("openings have one order, whichever came first: second, packet, host, row", () => {
  const order: Opening[] = [];
  for (const openedS of [9, 10]) {
    for (const packetId of [2, 11]) {
      for (const host of [2, 11]) {
        for (const seq of [2, 11]) {
          order.push({ openedS, packetId, host, seq, part: 0, user: 1, sponsor: 1, fen: 1 });
        }
      }
    }
  }
  const random = new Random(3);
  for (let i = 0; i < 20; i++) {
    const mixed = order.map((opening) => ({ opening, key: random.uint32() })).sort((a, b) => a.key - b.key);
    assert.deepEqual(mixed.map(({ opening }) => opening).sort(compareOpenings), order);
  }
});
