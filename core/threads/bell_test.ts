import assert from "node:assert/strict";
import { Bell, BELL_BYTES } from "./bell.ts";

Deno.test("a ring between awake and maySleep keeps the owner awake, however often it was rung", () => {
  const bell = new Bell();
  const other = new Bell(bell.words.buffer);
  assert.equal(bell.words.byteLength, BELL_BYTES);
  bell.awake();
  assert.equal(bell.maySleep(), true);
  for (const rings of [1, 2, 5]) {
    bell.awake();
    for (let i = 0; i < rings; i++) other.ring();
    assert.equal(bell.maySleep(), false);
  }
  bell.awake();
  assert.equal(bell.maySleep(), true);
});

Deno.test("a ring that came before the owner slept ends its sleep at once", async () => {
  const bell = new Bell();
  bell.awake();
  bell.ring();
  // Would block for ever if the ring were lost.
  bell.sleepBlocking(Infinity);
  await bell.sleep(Infinity);
});

Deno.test("a sleeping owner is woken", async () => {
  const bell = new Bell();
  for (let i = 0; i < 100; i++) {
    bell.awake();
    const sleeping = bell.sleep(60_000);
    new Bell(bell.words.buffer).ring();
    await sleeping;
  }
});

Deno.test("nobody rings: the sleep ends with its time", async () => {
  const bell = new Bell();
  bell.awake();
  bell.sleepBlocking(1);
  bell.awake();
  await bell.sleep(1);
});
