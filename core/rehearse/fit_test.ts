import assert from "node:assert/strict";
import gala from "../../scenarios/gala.ts";
import { fitted } from "./fit.ts";
import { completeScenario, waveOf } from "./measure/scenario.ts";
import { makePhase } from "./testing.ts";

const GALA = completeScenario(gala);
const RATES = [60_000, 30_000, 15_000, 6_000, 2_400];

/** Probes at the rates that are tried, by what came of each: its p99 in ms, and whether all was answered. */
function fit(...probes: [p99Ms: number, isAnswered?: boolean][]) {
  return fitted(
    GALA,
    1,
    probes.map(([p99Ms, isAnswered = true], i) => {
      const due = RATES[i] * 2;
      return makePhase({
        due,
        sent: due,
        answered: isAnswered ? due : 9,
        p99Us: p99Ms * 1000,
      });
    }),
  );
}

const asked = (result: ReturnType<typeof fit>) =>
  result.scenario.phases.map((
    { name, shakesPerS, thresholds },
  ) => [name, shakesPerS, thresholds.p99Ms?.atMost]);

Deno.test("a machine that can do the article's rates is asked for them, and for nothing else", () => {
  const result = fit([1.4]);
  assert.deepEqual(asked(result), [["shake_30k", 30_000, 50], ["shake_60k", 60_000, 500]]);
  assert.equal(
    result.text,
    "this machine: 60,000 shakes a second were answered, p99 1.40 ms. So the demo asks for 30,000 and 60,000 a second",
  );
});

Deno.test("a smaller one is asked for the first rates that it did with time to spare", () => {
  const result = fit([900, false], [30], [4]);
  assert.deepEqual(asked(result), [["shake_7500", 7_500, 250], ["shake_15k", 15_000, 500]]);
  assert.match(
    result.text,
    /60,000 shakes a second weren't all sent and answered, p99 900 ms; 30,000 .* 15,000/,
  );
  assert.match(
    result.text,
    /So the demo asks for 7,500 and 15,000 a second, within 500 ms, 25 % of the article's$/,
  );
  assert.match(result.scenario.about, /at 7,500 and at 15,000 a second$/);
  assert.deepEqual(
    result.scenario.phases.map((phase) => waveOf(result.scenario, phase)),
    ["shake_30k", "shake_60k"],
    "the plan's waves are begun all the same",
  );
});

Deno.test("one that is never that fast is asked for what it answered, within more time", () => {
  const result = fit([900, false], [160], [110], [90], [60]);
  assert.deepEqual(asked(result), [["shake_15k", 15_000, 640], ["shake_30k", 30_000, 640]]);
  assert.match(result.text, /asks for 15,000 and 30,000 a second, within 640 ms, 50 % of the article's$/);
});

Deno.test("one that answers nothing well is asked for the least", () => {
  const none: [number, boolean] = [900, false];
  assert.deepEqual(asked(fit(none, none, none, none, none)).map(([, perS]) => perS), [1_200, 2_400]);
});
