import assert from "node:assert/strict";
import { LevelWatch } from "./level_watch.ts";

function bench() {
  const told: unknown[] = [];
  const watch = new LevelWatch((event, fields, level) => told.push([level, event, fields]));
  let nowMs = 0;
  return {
    told,
    look: (level: number, dropped = 0, wanted = 0) =>
      watch.look({ level, sets: level > 0 ? 2 : 0, wanted, dropped }, nowMs += 100),
  };
}

Deno.test("a level that was measured is told when it rises, and its end with what was dropped", () => {
  const { told, look } = bench();
  look(0, 7);
  for (const level of [1, 1, 2, 1, 2]) look(level, 30);
  look(0, 82);
  look(0, 82);
  const why = "frames wait too long in the kernel";
  assert.deepEqual(told, [
    ["warn", "level measured", { shedLevel: 1, meaning: "strained", sets: 2, why }],
    ["warn", "level measured", { shedLevel: 2, meaning: "readLess", sets: 2, why }],
    ["info", "level normal again", { mostLevel: 2, afterMs: 500, dropped: 52 }],
  ]);
});

Deno.test("an operator's own level is no measurement", () => {
  const { told, look } = bench();
  look(2, 0, 2);
  look(0, 0, 2);
  assert.deepEqual(told, []);
  look(3, 0, 2);
  assert.equal(told.length, 1);
});
