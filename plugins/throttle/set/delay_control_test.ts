import assert from "node:assert/strict";
import { DelayControl, INTERVAL_MS } from "./delay_control.ts";

const TARGET_MS = 20;

/** Lets intervals pass in which every request waits so long. */
function pass(control: DelayControl, intervals: number, waitedMs: number, hasLeft = false, admitted = 100) {
  for (let i = 0; i < intervals; i++) {
    for (let request = 0; request < 50; request++) control.observe(waitedMs);
    control.conclude(control.nextMs, admitted, hasLeft);
  }
}

Deno.test("a queue that stands raises the level, step by step, and no further than allowed", () => {
  const control = new DelayControl(TARGET_MS, 2);
  pass(control, 1, 30);
  assert.equal(control.level, 1);
  pass(control, 2, 30);
  assert.equal(control.level, 2);
  pass(control, 100, 1_000);
  assert.equal(control.level, 2);
});

Deno.test("a burst that passes within an interval changes nothing", () => {
  const control = new DelayControl(TARGET_MS, 2);
  for (let i = 0; i < 20; i++) {
    for (let request = 0; request < 40; request++) control.observe(1);
    for (let request = 0; request < 10; request++) control.observe(500);
    control.conclude(control.nextMs, 50, false);
  }
  assert.equal(control.level, 0);
  assert.equal(control.limitPerS, Infinity);
});

Deno.test("the level comes down within 2 s of calm, but not while anything is left unread", () => {
  const control = new DelayControl(TARGET_MS, 2);
  pass(control, 5, 50);
  pass(control, 30, 1, true);
  assert.equal(control.level, 2, "what is read is fast, since the rest isn't read");
  pass(control, 2_000 / INTERVAL_MS, 1);
  assert.equal(control.level, 0);
});

Deno.test("silence is calm", () => {
  const control = new DelayControl(TARGET_MS, 2);
  pass(control, 5, 50);
  for (let i = 0; i < 10; i++) control.conclude(control.nextMs, 0, false);
  assert.equal(control.level, 0);
});

Deno.test("the limit falls to half of what was admitted at most, and is forgotten in calm", () => {
  const control = new DelayControl(TARGET_MS, 1);
  control.conclude(0, 0, false); // from here on intervals are whole
  pass(control, 1, 50, false, 1_000);
  assert.ok(control.limitPerS < 10_000 && control.limitPerS > 8_000, `${control.limitPerS}/s`);
  for (let i = 0; i < 50; i++) pass(control, 1, 50, false, control.limitPerS / 10);
  assert.ok(control.limitPerS >= 4_900 && control.limitPerS <= 5_100, `${control.limitPerS}/s`);
  pass(control, 40, 1, false, 500);
  assert.equal(control.limitPerS, Infinity);
});
