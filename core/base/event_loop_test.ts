import assert from "node:assert/strict";
import { holdEventLoop, nextTurn } from "./event_loop.ts";

Deno.test("a wait in shared memory ends although nothing else is under way", async () => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const waiting = Atomics.waitAsync(words, 0, 0, 1);
  const letGo = holdEventLoop();
  assert.equal(await waiting.value, "timed-out");
  letGo();
});

Deno.test("a turn of the event loop comes back", async () => {
  for (let i = 0; i < 10; i++) await nextTurn();
});
