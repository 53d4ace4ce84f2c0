import assert from "node:assert/strict";
import { isDatabaseDamage } from "./database_damage.ts";

Deno.test("damage of a database is told from other failures", () => {
  const error = (errcode: unknown) => Object.assign(new Error("x"), { errcode });
  assert.deepEqual([11, 26, 11 + 256].map((code) => isDatabaseDamage(error(code))), [true, true, true]);
  assert.deepEqual([5, 10, 0].map((code) => isDatabaseDamage(error(code))), [false, false, false]);
  for (const none of [new Error("x"), { errcode: 11 }, undefined]) {
    assert.equal(isDatabaseDamage(none), false);
  }
});
