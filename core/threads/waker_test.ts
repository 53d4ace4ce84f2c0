import assert from "node:assert/strict";
import { Waker, WAKER_BYTES } from "./waker.ts";

Deno.test("a wake between awake and maySleep keeps the owner awake, however often it was woken", () => {
  const waker = new Waker();
  const other = new Waker(waker.words.buffer);
  assert.equal(waker.words.byteLength, WAKER_BYTES);
  waker.awake();
  assert.equal(waker.maySleep(), true);
  for (const wakes of [1, 2, 5]) {
    waker.awake();
    for (let i = 0; i < wakes; i++) other.wake();
    assert.equal(waker.maySleep(), false);
  }
  waker.awake();
  assert.equal(waker.maySleep(), true);
});

Deno.test("a wake that came before the owner slept ends its sleep at once", async () => {
  const waker = new Waker();
  waker.awake();
  waker.wake();
  // Would block for ever if the wake were lost.
  waker.sleepBlocking(Infinity);
  await waker.sleep(Infinity);
});

Deno.test("a sleeping owner is woken", async () => {
  const waker = new Waker();
  for (let i = 0; i < 100; i++) {
    waker.awake();
    const sleeping = waker.sleep(60_000);
    new Waker(waker.words.buffer).wake();
    await sleeping;
  }
});

Deno.test("nobody wakes it: the sleep ends with its time", async () => {
  const waker = new Waker();
  waker.awake();
  waker.sleepBlocking(1);
  waker.awake();
  await waker.sleep(1);
});
