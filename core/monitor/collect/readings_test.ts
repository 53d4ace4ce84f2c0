import assert from "node:assert/strict";
import { Readings } from "./readings.ts";

Deno.test("readings follow a process whose counters stay, change their order, or become other ones", () => {
  const readings = new Readings();
  for (const totals of [{ a: 1, b: 2 }, { a: 3, b: 4 }, { b: 5, a: 6 }, { a: 7 }, { a: 8, c: 9 }]) {
    readings.set(totals);
    const sum: Record<string, number> = {};
    readings.addTo(sum);
    assert.deepEqual(sum, totals);
  }
  assert.deepEqual([readings.get("c"), readings.get("none")], [9, 0]);
});

Deno.test("growth beside a snapshot's own second is what was not told", () => {
  const readings = new Readings();
  assert.deepEqual(readings.growthBeside({ a: 10, b: 3 }, { a: 4, b: 3 }), { a: 6 });
  readings.set({ a: 10, b: 3 });
  assert.deepEqual(readings.growthBeside({ a: 12, b: 5 }, { a: 2, b: 2 }), {});
  assert.deepEqual(readings.growthBeside({ b: 5, a: 15 }, { b: 2, a: 2 }), { a: 3 }, "in another order");
  assert.deepEqual(new Readings().growthBeside({}, { a: 2 }), { a: -2 }, "told after all");
});

Deno.test("a counter that went back tells another process", () => {
  const readings = new Readings();
  readings.set({ a: 10, b: 3 });
  assert.equal(readings.isAbove({ a: 10, b: 3 }), false);
  assert.equal(readings.isAbove({ a: 11, b: 2 }), true);
  assert.equal(readings.isAbove({ a: 11 }), true);
});
