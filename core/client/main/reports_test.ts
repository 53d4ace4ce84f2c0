import assert from "node:assert/strict";
import { Counters } from "../../counters/counters.ts";
import { record } from "../../counters/histogram.ts";
import { Series } from "../../counters/series.ts";
import { ManualClock } from "../../base/clock.ts";
import { FleetMetric as M, fleetMetrics } from "../state/metrics.ts";
import { progressLine } from "./progress.ts";
import { summaryTable } from "./summary.ts";
import { TroubleReport } from "./trouble.ts";

function busyCounters(): Counters {
  const counters = new Counters(fleetMetrics, 2);
  for (const i of [0, 1]) {
    const block = counters.block(i);
    block[M.usersConnected] = 1_000;
    block[M.usersReady] = 999;
    block[M.shakesSent] = block[M.shakesAnswered] = 15_000;
    block[M.shakesWon] = 7;
    block[M.shakesNothing] = 14_993;
    block[M.amountWonFen] = 123_457;
    block[M.ticksLate] = 3;
    block[M.dials] = block[M.connects] = 1_000;
    for (let k = 0; k < 99; k++) record(counters.histogram(i, M.shakeLatencyUs), 60);
    record(counters.histogram(i, M.shakeLatencyUs), 2_000_000);
  }
  return counters;
}

Deno.test("a second of progress in one line, with units", () => {
  const snapshot = new Series("client", busyCounters(), new ManualClock()).take(1);
  assert.equal(
    progressLine(snapshot),
    "2,000 connected  1,998 ready  30,000 sent/s  30,000 answered/s  14 won/s  p50 60 us  p99 60 us  6 missed/s",
  );
});

Deno.test("the summary says everything once, with units", async (t) => {
  const totals = new Series("client", busyCounters(), new ManualClock()).totals();
  const lines = summaryTable(totals).split("\n");
  await t.step("counts", () => {
    assert.ok(lines.includes("offered      30,000 shakes"));
    assert.ok(lines.includes("won          14 packets, 2,469.14 yuan"));
    assert.ok(lines.includes("missed       6 late, 0 not logged in, 0 overrun"));
  });
  await t.step("latencies", () => {
    assert.ok(lines.includes("p50          60 us"));
    assert.ok(lines.includes("p99.9        2.03 s"));
  });
  await t.step("a fleet that did nothing", () => {
    const idle = new Series("client", new Counters(fleetMetrics, 1), new ManualClock()).totals();
    assert.match(summaryTable(idle), /^max +-$/m);
  });
});

Deno.test("trouble is told at once, then every 5 s at most, as one line with a count and a hint", () => {
  const counters = new Counters(fleetMetrics, 1);
  const lines: string[] = [];
  const report = new TroubleReport(counters, (level, event, fields) => {
    lines.push(`${level} ${event} ${fields?.reason} ${fields?.times}`);
    assert.ok(String(fields?.hint).length > 20);
  });
  const refused = fleetMetrics.handle("dialFailedRefused");
  for (let nowMs = 0; nowMs < 12_000; nowMs += 100) {
    counters.block(0)[refused] += 10;
    report.look(nowMs);
  }
  assert.deepEqual(lines, [
    "warn cannot connect dialFailedRefused 10",
    "warn cannot connect dialFailedRefused 500",
    "warn cannot connect dialFailedRefused 500",
  ]);
  counters.block(0)[fleetMetrics.handle("dialFailedNoPort")]++;
  report.look(12_000);
  assert.equal(lines.at(-1), "error cannot connect dialFailedNoPort 1");
});
