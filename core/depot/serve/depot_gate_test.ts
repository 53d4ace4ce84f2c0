import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { DepotGate } from "./depot_gate.ts";

const CAP = 1_000_000;
const windows = [
  { startMs: 10_000, endMs: 20_000, bytesPerS: CAP },
  { startMs: 60_000, endMs: 70_000, bytesPerS: 2 * CAP },
];

Deno.test("outside the windows nobody gets anything, and is told when the next one begins, not all for one second", () => {
  const gate = new DepotGate(windows, new Random(1));
  const told = Array.from({ length: 100 }, () => gate.admit(5_000, 1)!);
  assert.ok(told.every(({ why, retryS }) => why === "window" && retryS >= 5 && retryS <= 11));
  assert.ok(new Set(told.map(({ retryS }) => retryS)).size > 3, "spread");
  const between = gate.admit(25_000, 1)!.retryS;
  assert.ok(between >= 35 && between <= 41);
  assert.ok(gate.admit(80_000, 1)!.retryS >= 3_600, "no window is left");
  assert.equal(gate.bytesPerS(65_000), 2 * CAP);
});

Deno.test("who would wait more than a second for the cap is told to come again, until others have had theirs", () => {
  const gate = new DepotGate(windows, new Random(1));
  let admitted = 0;
  while (gate.admit(10_000, 100_000) === undefined) admitted++;
  assert.ok(admitted >= 10 && admitted <= 12, `${admitted} of 100 kB at 1 MB/s`);
  const refusal = gate.admit(10_000, 100_000)!;
  assert.equal(refusal.why, "rate");
  assert.ok(refusal.retryS >= 1);
  assert.equal(gate.take(0, 10_000, 100_000), 0);
  gate.giveUp(200_000);
  assert.equal(gate.admit(10_000, 100_000), undefined);
});

Deno.test("who was let in gets the rest after the window's end, for a second", () => {
  const gate = new DepotGate(windows, new Random(1));
  assert.equal(gate.admit(19_999, 1_000), undefined);
  assert.equal(gate.take(0, 20_500, 1_000), 0);
  assert.equal(gate.take(1, 21_500, 1_000), Infinity);
});

Deno.test("a gate with a part of the caps gives that part", () => {
  assert.equal(new DepotGate(windows, new Random(1), 0.25).bytesPerS(10_000), CAP / 4);
});
