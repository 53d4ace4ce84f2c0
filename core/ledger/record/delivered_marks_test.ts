import assert from "node:assert/strict";
import { eachDelivered, MAX_MARK_WORDS, writeShareMark } from "./delivered_marks.ts";

Deno.test("marks of awards and of shares lie mixed in one run, and each is told as what it is", () => {
  const words = new Uint32Array(4 + 2 * MAX_MARK_WORDS);
  let at = 0;
  words[at++] = 7;
  at += writeShareMark(words, at, 0xffff_ffff, 0);
  at += writeShareMark(words, at, 0xffff_fffe, 7);
  words[at++] = 8;
  words[at++] = 9;
  const told: number[][] = [];
  eachDelivered(
    words.subarray(0, at),
    (packetId) => told.push([packetId]),
    (packetId, user) => told.push([packetId, user]),
  );
  assert.deepEqual(told, [[7], [0xffff_ffff, 0], [0xffff_fffe, 7], [8], [9]]);
});
