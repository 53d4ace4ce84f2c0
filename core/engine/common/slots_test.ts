import { equal, throws } from "node:assert/strict";
import { Slots } from "./slots.ts";

Deno.test("numbers are handed out from 0 and run out", () => {
  const slots = new Slots(3);
  equal([slots.take(), slots.take(), slots.take()].join(), "0,1,2");
  equal(slots.take(), -1);
  equal(slots.used, 3);
  equal(slots.free, 0);
});

Deno.test("the number that was freed last is used first, with the next generation", () => {
  const slots = new Slots(3);
  for (let i = 0; i < 3; i++) slots.take();
  slots.release(0);
  slots.release(2);
  equal(slots.isUsed(2), false);
  equal(slots.generation.join(), "1,0,1");
  equal(slots.take(), 2);
  equal(slots.isUsed(2), true);
  equal(slots.take(), 0);
  slots.release(2);
  equal(slots.generation[2], 2);
});

Deno.test("a generation wraps instead of leaving 32 bits", () => {
  const slots = new Slots(1);
  slots.generation[0] = 0x7fff_ffff;
  slots.release(slots.take());
  equal(slots.generation[0], -0x8000_0000);
});

Deno.test("as many numbers as there are can be free again, and be used again", () => {
  const slots = new Slots(100);
  for (let round = 0; round < 3; round++) {
    const taken = Array.from({ length: 100 }, () => slots.take());
    equal(new Set(taken).size, 100);
    equal(slots.take(), -1);
    for (const slot of taken) slots.release(slot);
    equal(slots.free, 100);
  }
});

Deno.test("freeing a number twice, or room for nobody, is our mistake", () => {
  const slots = new Slots(1);
  throws(() => slots.release(0), /freed once/);
  slots.release(slots.take());
  throws(() => slots.release(0), /freed once/);
  throws(() => new Slots(0), /room for a connection/);
});
