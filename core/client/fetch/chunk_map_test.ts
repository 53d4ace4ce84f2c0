import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { ChunkMap } from "./chunk_map.ts";

Deno.test("a map of bits says what plain sets say, for any number of chunks", () => {
  for (const chunks of [1, 31, 32, 33, 64, 65, 200]) {
    const random = new Random(chunks);
    const map = new ChunkMap(3, chunks);
    const sets = [new Set<number>(), new Set<number>(), new Set<number>()];
    for (let i = 0; i < chunks * 6; i++) {
      const [user, chunk] = [random.below(3), random.below(chunks)];
      assert.equal(map.add(user, chunk), !sets[user].has(chunk));
      sets[user].add(chunk);
      const from = random.below(chunks);
      const expected = Array.from({ length: chunks }, (_, k) => (from + k) % chunks)
        .find((each) => !sets[user].has(each)) ?? -1;
      assert.equal(map.nextMissing(user, from), expected, `${chunks} chunks, from ${from}`);
      assert.equal(map.missing[user], chunks - sets[user].size);
    }
    const before = Array.from({ length: 40 }, (_, k) => (k < chunks && k % 2 === 0 ? chunks - 1 - k : -1));
    const next = map.carriedTo(40, before);
    for (let user = 0; user < 3; user++) {
      before.forEach((old, chunk) => assert.equal(next.has(user, chunk), old >= 0 && sets[user].has(old)));
    }
  }
});
