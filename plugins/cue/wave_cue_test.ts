import assert from "node:assert/strict";
import { CueState, type Wave } from "../../core/plugin/plugin.ts";
import { HELD } from "./told.ts";
import { cueOfWaves } from "./wave_cue.ts";

const wave = (startMs: number, endMs: number, parts: Partial<Wave> = {}): Wave => ({
  name: "a",
  startMs,
  endMs,
  isHeld: false,
  isOver: false,
  resource: 7,
  ...parts,
});
const planned = (wave: number, startMs: number, lengthMs: number) => ({
  state: CueState.planned,
  wave,
  resource: 7,
  startMs,
  lengthMs,
});

Deno.test("the cue is the wave that is on, else the next, whatever their order", () => {
  const waves = [wave(5_000, 6_000), wave(1_000, 2_000)];
  assert.deepEqual(cueOfWaves(waves, 0, undefined), planned(2, 1_000, 1_000));
  assert.deepEqual(cueOfWaves(waves, 1_500, undefined), planned(2, 1_000, 1_000));
  assert.deepEqual(
    cueOfWaves([waves[0], wave(1_000, 2_000, { isOver: true })], 2_000, undefined),
    planned(1, 5_000, 1_000),
  );
});

Deno.test("a wave that still has packets after its end goes on, a minute at a time", () => {
  assert.deepEqual(cueOfWaves([wave(0, 1_000)], 999, undefined), planned(1, 0, 1_000));
  assert.deepEqual(cueOfWaves([wave(0, 1_000)], 1_000, undefined), planned(1, 0, 61_000));
  assert.deepEqual(cueOfWaves([wave(0, 1_000)], 61_000, undefined), planned(1, 0, 121_000));
});

Deno.test("a wave that stands still is held; one that was cut too, unless its time was over anyway", () => {
  assert.deepEqual(cueOfWaves([wave(0, 1_000, { isHeld: true })], 10, undefined), { ...HELD, wave: 1 });
  const cue = planned(1, 0, 1_000);
  const cut = [wave(0, 1_000, { isOver: true })];
  assert.deepEqual(cueOfWaves(cut, 500, cue), HELD);
  assert.deepEqual(cueOfWaves(cut, 1_000, cue), cue);
  assert.equal(cueOfWaves([], 0, undefined), undefined);
});
