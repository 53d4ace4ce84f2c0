import assert from "node:assert/strict";
import cue from "../../plugins/cue/mod.ts";
import { Series } from "../counters/series.ts";
import { Counters } from "../counters/counters.ts";
import { record } from "../counters/histogram.ts";
import { fleetMetrics } from "../client/state/metrics.ts";
import { ManualClock } from "../base/clock.ts";
import { phaseResult, type Reading } from "./measure/measures.ts";
import { phaseTable } from "./tables.ts";

/** A phase in which users' countdowns were off by so much. */
function phaseWith(errorsUs: readonly number[]) {
  const counters = new Counters(fleetMetrics, 1);
  const read = (): Reading => {
    const totals = new Series("client", counters, new ManualClock(0)).totals();
    const server = { ...totals, histograms: { ...totals.histograms, controlLatencyUs: [] } };
    return { client: totals, server };
  };
  const before = read();
  const histogram = counters.histogram(0, fleetMetrics.handle("countdownErrorUs"));
  for (const us of errorsUs) record(histogram, us);
  return phaseResult("p", 1, before, read(), null, cue.measures);
}

Deno.test("a rehearsal in which nobody counts down has no row of countdowns, and one with them has", () => {
  assert.doesNotMatch(phaseTable([phaseWith([]), phaseWith([])]), /countdown/);
  assert.match(phaseTable([phaseWith([]), phaseWith([3_000])]), /countdown error p99 +- +3(\.\d+)? ms/);
  assert.match(phaseTable([phaseWith([0])]), /countdown error p99 +0 ms/, "none is off");
});
