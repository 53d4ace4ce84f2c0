import assert from "node:assert/strict";
import { makeSnapshot } from "../collect/testing.ts";
import { AMEND_S, GRACE_MS, type ShownSecond, Timeline } from "./timeline.ts";

const S = 1_700_000_000;
const both = new Set(["a", "b"]);
const brief = (shown: ShownSecond[]) =>
  shown.map(({ merged, reporting, expected, isAmended }) => [
    merged.second - S,
    reporting,
    expected,
    isAmended,
    merged.roles.client?.deltas.shakes,
  ]);
const shakes = (second: number, shakes: number) => makeSnapshot(second, { deltas: { shakes } });

Deno.test("a second is shown as soon as all have told of it, and once", () => {
  const timeline = new Timeline();
  timeline.add("a", shakes(S, 3), (S + 1) * 1000 + 2);
  assert.deepEqual(timeline.due(both, (S + 1) * 1000 + 5), []);
  timeline.add("b", shakes(S, 4), (S + 1) * 1000 + 8);
  assert.deepEqual(brief(timeline.due(both, (S + 1) * 1000 + 9)), [[0, 2, 2, false, 7]]);
  assert.deepEqual(timeline.due(both, (S + 1) * 1000 + 900), []);
});

Deno.test("whoever is late amends the second after the grace", () => {
  const timeline = new Timeline();
  timeline.add("a", shakes(S, 3), (S + 1) * 1000);
  const graceEnd = (S + 1) * 1000 + GRACE_MS;
  assert.deepEqual(timeline.due(both, graceEnd - 1), []);
  assert.deepEqual(brief(timeline.due(both, graceEnd)), [[0, 1, 2, false, 3]]);
  assert.ok(!timeline.hasReported("b", S));
  assert.equal(timeline.add("b", shakes(S, 4), graceEnd + 100), "late");
  assert.deepEqual(brief(timeline.due(new Set(), graceEnd + 200)), [[0, 2, 2, true, 7]]);
});

Deno.test("a second that nobody tells of is shown as a gap", () => {
  const timeline = new Timeline();
  timeline.add("a", shakes(S, 3), (S + 1) * 1000);
  timeline.add("a", shakes(S + 2, 5), (S + 3) * 1000);
  const shown = timeline.due(new Set(["a"]), (S + 2) * 1000 + GRACE_MS);
  assert.deepEqual(brief(shown), [[0, 1, 1, false, 3], [1, 0, 1, false, undefined], [2, 1, 1, false, 5]]);
});

Deno.test("clocks that are far off are refused, a little ahead is fine", () => {
  const timeline = new Timeline();
  assert.equal(timeline.add("a", shakes(S + 3600, 1), S * 1000), "too far ahead");
  assert.equal(timeline.add("a", shakes(S - AMEND_S - 1, 1), S * 1000), "too old");
  assert.equal(timeline.add("a", shakes(S + 2, 1), S * 1000), "in time");
  assert.deepEqual(timeline.due(new Set(["a"]), S * 1000), []);
  assert.equal(timeline.due(new Set(["a"]), (S + 3) * 1000).length, 1);
});

Deno.test("after a long sleep of this process it goes on with what is new", () => {
  const timeline = new Timeline();
  timeline.add("a", shakes(S, 1), (S + 1) * 1000);
  timeline.due(new Set(["a"]), (S + 1) * 1000);
  timeline.add("a", shakes(S + 9000, 2), (S + 9001) * 1000);
  assert.deepEqual(brief(timeline.due(new Set(["a"]), (S + 9001) * 1000)), [[9000, 1, 1, false, 2]]);
});
