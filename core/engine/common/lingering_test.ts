import { equal } from "node:assert/strict";
import { Lingering } from "./lingering.ts";

Deno.test("connections come out oldest first, when their time is over", () => {
  const lingering = new Lingering(100, new Int32Array(8));
  equal(lingering.nextMs, Infinity);
  equal(lingering.takeOver(1e9), -1);
  lingering.add(3, 0);
  lingering.add(5, 10);
  equal(lingering.nextMs, 100);
  equal(lingering.takeOver(99), -1);
  equal(lingering.takeOver(100), 3);
  equal(lingering.takeOver(100), -1);
  equal(lingering.nextMs, 110);
  equal(lingering.takeOver(500), 5);
  equal(lingering.nextMs, Infinity);
});

Deno.test("one that ended in time is skipped, also when its number is in use again", () => {
  const generation = new Int32Array(8);
  const lingering = new Lingering(100, generation);
  lingering.add(1, 0);
  lingering.add(2, 10);
  generation[1]++;
  equal(lingering.nextMs, 110);
  lingering.add(1, 20);
  equal(lingering.takeOver(200), 2);
  equal(lingering.takeOver(200), 1);
  equal(lingering.takeOver(200), -1);
});

Deno.test("a long run of connections keeps its order", () => {
  const lingering = new Lingering(1_000, new Int32Array(10_000));
  let next = 0;
  for (let i = 0; i < 10_000; i++) {
    lingering.add(i, i);
    for (let c = lingering.takeOver(i); c >= 0; c = lingering.takeOver(i)) equal(c, next++);
  }
  equal(next, 9_000);
});
