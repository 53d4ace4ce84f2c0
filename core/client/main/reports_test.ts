import assert from "node:assert/strict";
import { Counters } from "../../counters/counters.ts";
import { record } from "../../counters/histogram.ts";
import { Series } from "../../counters/series.ts";
import { ManualClock } from "../../base/clock.ts";
import { FleetMetric as M, fleetMetrics } from "../state/metrics.ts";
import { type FleetFacts, fleetResult } from "./fleet_result.ts";
import { progressLine } from "./progress.ts";
import { summaryTable } from "./summary.ts";
import { TroubleReport } from "./trouble.ts";
import { WinWatch } from "./win_watch.ts";

function busyCounters(): Counters {
  const counters = new Counters(fleetMetrics, 2);
  for (const i of [0, 1]) {
    const block = counters.block(i);
    block[M.usersConnected] = 1_000;
    block[M.usersReady] = 999;
    block[M.usersBehaving] = block[M.logins] = 1_000;
    block[M.shakesDue] = 15_003;
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
  const { readAtMs } = snapshot;
  assert.equal(
    progressLine(snapshot, readAtMs - 1_000),
    "2,000 connected  1,998 ready  30,006 due/s  30,000 sent/s  30,000 answered/s  6 not sent/s  14 won/s" +
      "  p50 60 us  p99 60 us",
  );
  assert.match(progressLine(snapshot, readAtMs - 500), /60,000 sent\/s/, "half a second is no second");
  assert.match(progressLine(snapshot, readAtMs - 1_500), /20,000 sent\/s/, "nor is one and a half");
  assert.match(progressLine(snapshot, readAtMs + 60_000), /30,000 sent\/s/, "the wall clock was set");
});

const FACTS: FleetFacts = {
  users: 2_000,
  wereAllReady: true,
  leastAnsweredPercent: 99,
  interruptedBy: undefined,
  diedWith: undefined,
};

Deno.test("the summary says everything once, with units", async (t) => {
  const totals = new Series("client", busyCounters(), new ManualClock()).totals();
  const lines = summaryTable(fleetResult(totals, FACTS)).split("\n");
  await t.step("counts", () => {
    assert.ok(lines.includes("due          30,006 shakes"));
    assert.ok(lines.includes("sent         30,000"));
    assert.ok(lines.includes("won          14 packets, 2,469.14 yuan"));
    assert.ok(lines.includes("not sent     6 late, 0 not logged in, 0 still waiting"));
    assert.ok(lines.includes("lost         0 with their connection, 0 given up"));
  });
  await t.step("latencies", () => {
    assert.ok(lines.includes("p50          60 us"));
    assert.ok(lines.includes("p99.9        2.03 s"));
  });
  await t.step("what it ends with, last", () => {
    assert.equal(
      lines.at(-2),
      "exit code 0: 6 of 30,006 shakes that were due had no answer (99.98 % had one): 6 not sent",
    );
  });
  await t.step("a fleet that did nothing", () => {
    const idle = new Series("client", new Counters(fleetMetrics, 1), new ManualClock()).totals();
    assert.match(summaryTable(fleetResult(idle, FACTS)), /^max +-$/m);
  });
});

/** What a fleet ends with that counted these. */
function ending(counted: Partial<Record<keyof typeof M, number>>, facts: Partial<FleetFacts> = {}) {
  const counters = new Counters(fleetMetrics, 1);
  for (const [name, value] of Object.entries(counted)) counters.block(0)[fleetMetrics.handle(name)] = value;
  const totals = new Series("client", counters, new ManualClock()).totals();
  const { exitCode, verdict } = fleetResult(totals, { ...FACTS, ...facts });
  return [exitCode, verdict];
}

Deno.test("the exit code says whether users were served, and the words why", () => {
  const all = { logins: 10, shakesDue: 1_000, shakesSent: 1_000, shakesAnswered: 1_000 };
  assert.deepEqual(ending(all), [0, "every one of 1,000 shakes that were due was answered"]);
  assert.deepEqual(ending({ ...all, shakesDue: 1_020, ticksUnconnected: 20, ticksConnecting: 20 }), [
    0,
    "every one of 1,000 shakes that were due was answered",
  ]);
  assert.deepEqual(
    ending({ ...all, shakesDue: 1_020, ticksUnconnected: 20, ticksConnecting: 20 }, { wereAllReady: false }),
    [
      1,
      "20 of 1,020 shakes that were due had no answer (98.03 % had one): 20 not sent; 99 % are wanted (--least-answered)",
    ],
  );
  assert.deepEqual(
    ending({
      logins: 10,
      shakesDue: 100_000,
      shakesSent: 26_099,
      shakesAnswered: 26_000,
      shakesLost: 90,
      shakesGivenUp: 9,
    }),
    [
      1,
      "74,000 of 100,000 shakes that were due had no answer (26 % had one): 73,901 not sent, " +
      "90 lost with their connection, 9 given up; 99 % are wanted (--least-answered)",
    ],
  );
  assert.deepEqual(ending({ ...all, shakesDue: 1_001 })[0], 0);
  assert.match(
    String(ending({ ...all, shakesDue: 1_000_000_000, shakesAnswered: 999_999_999 })[1]),
    /99\.99 %/,
  );
  assert.deepEqual(
    ending({ dials: 2_529, shakesDue: 4_000, ticksUnconnected: 4_000, ticksConnecting: 4_000 }),
    [
      3,
      "nobody was served: 0 logins of 2,529 dials",
    ],
  );
  assert.deepEqual(ending({ logins: 5, shakesDue: 10, shakesSent: 10, shakesGivenUp: 10 }), [
    3,
    "nobody was served: 10 of 10 shakes that were due had no answer (0 % had one): 10 given up",
  ]);
  assert.deepEqual(ending({ logins: 10 }), [0, "no shakes were due; 2,000 users"]);
  assert.equal(ending(all, { interruptedBy: "SIGINT" })[0], 130);
  assert.deepEqual(ending(all, { diedWith: "thread 0 of the fleet died" }), [
    70,
    "thread 0 of the fleet died",
  ]);
});

Deno.test("when everybody has all that limits allow and nobody wins any more, that is said once, with the flags", () => {
  const counters = new Counters(fleetMetrics, 1);
  const block = counters.block(0);
  const watch = new WinWatch(counters);
  block[M.usersBehaving] = 40;
  const look = (fromMs: number, asks = 1) => {
    const told: string[] = [];
    for (let nowMs = fromMs; nowMs < fromMs + 30_000; nowMs += 100) {
      block[M.shakesNothing] += asks;
      const line = watch.look(nowMs);
      if (line !== undefined) told.push(line);
    }
    return told;
  };
  assert.deepEqual(look(0), [], "nobody has won");
  block[M.shakesWon] = 119;
  assert.deepEqual(look(30_000), [], "somebody could still win");
  block[M.awardsLate] = 1;
  assert.deepEqual(look(45_000, 0), [], "nobody asks");
  const [line, ...more] = look(75_000);
  assert.match(line, /^each of 40 users has won 3 packets: .*--packets-per-user and --packets-per-sponsor/);
  assert.deepEqual(more, []);
  block[M.shakesWon] = 159;
  let isGoing = 0;
  for (let nowMs = 105_000; nowMs < 135_000; nowMs += 100) {
    block[M.shakesAllGone] = ++isGoing;
    assert.equal(watch.look(nowMs), undefined, "all gone says enough");
  }
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
