import assert from "node:assert/strict";
import { FetchBoard, QUIET_BEFORE_MS } from "./fetch_board.ts";

const START_MS = 1_800_000_000_000;

Deno.test("without a cue people shake when the fleet's own users do", () => {
  const board = new FetchBoard();
  assert.equal(board.shakesAt(START_MS, true), false);
  board.isShaking = true;
  assert.equal(new FetchBoard(board.memory).shakesAt(START_MS, true), true);
});

Deno.test("a cue says when they shake, and a little before nothing begins; who disobeys shakes anyway", () => {
  const board = new FetchBoard();
  board.isShaking = true;
  board.planned(START_MS, START_MS + 30_000);
  const at = (ms: number, aheadMs?: number) => board.shakesAt(START_MS + ms, true, aheadMs);
  assert.deepEqual([at(-QUIET_BEFORE_MS - 1), at(-QUIET_BEFORE_MS), at(0), at(29_999), at(30_000)], [
    false,
    true,
    true,
    true,
    false,
  ]);
  assert.deepEqual([at(-1, 0), at(0, 0)], [false, true]);
  assert.equal(board.shakesAt(START_MS - 60_000, false), true);
  board.unplanned(true);
  assert.equal(at(0), false, "held");
  board.unplanned(false);
  assert.equal(at(0), true, "as they like");
});

Deno.test("quiet is said anew after each change of the own waves", () => {
  const board = new FetchBoard();
  board.isQuiet = true;
  board.isShaking = true;
  assert.equal(board.isQuiet, false);
});
