import assert from "node:assert/strict";
import { keepPass } from "./kept_passes.ts";

function kept(...heard: number[][]): number[][] {
  return heard.reduce<number[][]>((passes, ids) => keepPass(passes, ids, (pass) => pass), []);
}

Deno.test("a client keeps what no other of its passes says", () => {
  assert.deepEqual(kept([1], [1, 2]), [[1, 2]], "the newest, which says all");
  assert.deepEqual(kept([1, 2], [1]), [[1, 2]], "an older one that comes later says nothing new");
  assert.deepEqual(kept([1, 2], [3]), [[1, 2], [3]], "a host that doesn't know the other one yet");
  assert.deepEqual(kept([1, 2], [3], [3, 1, 2]), [[3, 1, 2]]);
  assert.deepEqual(kept([1, 2], [2, 1]), [[2, 1]]);
});

Deno.test("there is a most, and the oldest go", () => {
  assert.deepEqual(kept([1], [2], [3], [4], [5]), [[2], [3], [4], [5]]);
});
