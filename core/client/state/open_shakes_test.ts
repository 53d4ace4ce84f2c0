import assert from "node:assert/strict";
import { LoneShakes } from "./lone_shakes.ts";
import { Booked, MOST_OPEN, NamedShakes, type OpenShakes } from "./open_shakes.ts";

const MS = 1_000;
const PATIENCE_US = 5_000 * MS;

/** Lets user 1 shake at a time; -1 if they may not. */
function shake(shakes: OpenShakes, dueUs: number): number {
  const place = shakes.place(1, dueUs);
  return place < 0 ? -1 : shakes.begin(1, place, dueUs);
}

Deno.test("version 1: an answer is its own shake's, in whatever order answers come", () => {
  const shakes = new NamedShakes(3, MOST_OPEN, PATIENCE_US);
  const due = Array.from({ length: MOST_OPEN }, (_, i) => 0xffff_f000 + i * MS >>> 0);
  const ids = due.map((dueUs) => shake(shakes, dueUs));
  assert.equal(new Set(ids).size, MOST_OPEN);
  assert.equal(shakes.count(1), MOST_OPEN);
  assert.equal(shakes.place(1), -1);
  assert.equal(shakes.oldestUs(1, due[7]), due[0]);
  for (const i of [3, 0, 7, 1, 6, 2, 5, 4]) {
    assert.equal(shakes.answer(1, ids[i], due[7] + 50), (7 - i) * MS + 50);
    assert.equal(shakes.answer(1, ids[i], due[7] + 50), Booked.unasked, "answered twice");
  }
  assert.deepEqual([shakes.count(0), shakes.count(1), shakes.count(2)], [0, 0, 0]);
});

Deno.test("version 1: what was given up is late, and what nobody asked is counted as such", () => {
  const shakes = new NamedShakes(2, MOST_OPEN, PATIENCE_US);
  const id = shake(shakes, 100);
  assert.equal(shakes.giveUp(1, 100 + PATIENCE_US), 0);
  assert.equal(shakes.giveUp(1, 101 + PATIENCE_US), 1);
  const later = shake(shakes, 101 + PATIENCE_US);
  assert.equal(shakes.answer(1, id, 200 + PATIENCE_US), Booked.late);
  assert.equal(shakes.answer(1, 0, 200 + PATIENCE_US), Booked.unasked);
  assert.equal(shakes.answer(1, later + 8, 200 + PATIENCE_US), Booked.unasked);
  assert.equal(shakes.answer(1, later ^ 1, 200 + PATIENCE_US), Booked.unasked);
  assert.equal(shakes.count(1), 1, "none of them answered the shake under way");
  assert.equal(shakes.leave(1), 1);
  assert.equal(shakes.answer(1, later, 300 + PATIENCE_US), Booked.unasked);
});

Deno.test("version 1: no shake has request id 0, with which a server tells of awards", () => {
  const shakes = new NamedShakes(2, 1, PATIENCE_US);
  for (const dueUs of [0, 1, 7]) {
    const id = shake(shakes, dueUs);
    assert.notEqual(id, 0);
    assert.equal(shakes.answer(1, id, dueUs + 3), 3);
  }
});

Deno.test("version 0: one under way, and a late answer is known as late while its place is held", () => {
  const shakes = new LoneShakes(2, PATIENCE_US);
  assert.equal(shake(shakes, 0), 0);
  assert.equal(shake(shakes, 10), -1);
  assert.equal(shakes.answer(1, 0, 700), 700);
  assert.equal(shakes.answer(1, 0, 800), Booked.unasked);
  shake(shakes, 1_000);
  assert.equal(shakes.giveUp(1, 1_001 + PATIENCE_US), 1);
  assert.deepEqual([shakes.count(1), shake(shakes, PATIENCE_US)], [0, -1]);
  assert.equal(shakes.answer(1, 0, 2_000 + PATIENCE_US), Booked.late);
  assert.equal(shake(shakes, 2_000 + PATIENCE_US), 0);
  assert.equal(shakes.answer(1, 0, 2_300 + PATIENCE_US), 300, "certain again");
});

Deno.test("version 0: after a shake that was never answered one latency is left out, then all is certain", () => {
  const shakes = new LoneShakes(2, PATIENCE_US);
  shake(shakes, 0);
  const laterUs = 1.5 * PATIENCE_US + 1;
  assert.equal(shakes.giveUp(1, laterUs), 1);
  assert.equal(shakes.giveUp(1, laterUs), 0);
  shake(shakes, laterUs);
  assert.equal(shakes.answer(1, 0, laterUs + 9), Booked.untold);
  shake(shakes, laterUs + 10);
  assert.equal(shakes.answer(1, 0, laterUs + 19), 9);
});

Deno.test("version 0: when one user sees a later answer, the others wait longer, and until nothing can be under way", () => {
  const shakes = new LoneShakes(200, PATIENCE_US);
  shake(shakes, 0);
  shakes.begin(128, shakes.place(128, 0), 0);
  const freedUs = 1.6 * PATIENCE_US;
  for (const user of [1, 128]) shakes.giveUp(user, freedUs);
  assert.deepEqual([shakes.place(1, freedUs), shakes.place(128, freedUs)], [0, -1], "every 128th is patient");
  shake(shakes, freedUs);
  assert.equal(shakes.answer(1, 0, 2 * PATIENCE_US), Booked.untold);
  assert.equal(shakes.answer(128, 0, 2 * PATIENCE_US), Booked.late);
  assert.equal(shake(shakes, 2 * PATIENCE_US), -1, "the second shake's answer may be under way");
  assert.equal(shakes.answer(1, 0, 3.6 * PATIENCE_US), Booked.late);
  // What came 3.6 times the patience after the first shake was at most so late: it is held for 1.5 times as long.
  const heldUs = freedUs + 1.5 * 3.6 * PATIENCE_US;
  assert.equal(shake(shakes, heldUs), -1);
  assert.equal(shake(shakes, heldUs + 1), 0);
  assert.equal(shakes.answer(1, 0, heldUs + 6), 5);
});

Deno.test("version 0: after a shake that was lost with its connection, a server may tell of what it won", () => {
  const shakes = new LoneShakes(2, PATIENCE_US);
  shake(shakes, 0);
  assert.equal(shakes.leave(1), 1);
  shake(shakes, 100);
  assert.equal(shakes.answer(1, 0, 150), 50, "of anything but an award it is certain");
  shake(shakes, 200);
  assert.equal(shakes.award(1, 0, 250), Booked.untold);
  shake(shakes, 300);
  assert.equal(shakes.answer(1, 0, 350), Booked.untold, "which may be the answer to the shake before");
  shake(shakes, 400);
  assert.equal(shakes.award(1, 0, 450), 50);
});

Deno.test("without patience nothing is given up, and nothing is late", () => {
  const named = new NamedShakes(2, 1, 0);
  const id = shake(named, 5);
  const lone = new LoneShakes(2, 0);
  shake(lone, 5);
  const muchLaterUs = 25 * 60_000 * MS;
  assert.deepEqual([named.giveUp(1, muchLaterUs), lone.giveUp(1, muchLaterUs)], [0, 0]);
  assert.deepEqual(
    [named.answer(1, id, muchLaterUs), lone.answer(1, 0, muchLaterUs)],
    [muchLaterUs - 5, muchLaterUs - 5],
  );
  assert.equal(named.answer(1, id, 2 * muchLaterUs), Booked.unasked);
});
