import assert from "node:assert/strict";
import { Bad, misbehaviourOf, parseMisbehaviours } from "./misbehaviour.ts";

Deno.test("parts are read, and nonsense is not", () => {
  assert.deepEqual(parseMisbehaviours("hammer=0.1,never-read=0.05"), { hammer: 0.1, "never-read": 0.05 });
  assert.deepEqual(parseMisbehaviours(""), {});
  for (const text of ["hammer", "hammer=2", "hammer=-1", "nothing=0.1", "hammer=0.6,drip=0.6"]) {
    assert.equal(parseMisbehaviours(text), undefined, text);
  }
});

Deno.test("ids misbehave in the parts that were asked for, always the same ones", () => {
  const counts = [0, 0, 0, 0, 0, 0];
  for (let id = 0; id < 100_000; id++) counts[misbehaviourOf(id, { hammer: 0.1, half: 0.02 })]++;
  assert.ok(Math.abs(counts[Bad.hammer] - 10_000) < 200, `${counts[Bad.hammer]} hammer`);
  assert.ok(Math.abs(counts[Bad.half] - 2_000) < 100, `${counts[Bad.half]} stop halfway`);
  assert.equal(misbehaviourOf(17, { hammer: 1 }), Bad.hammer);
});
