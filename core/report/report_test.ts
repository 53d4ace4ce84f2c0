import assert from "node:assert/strict";
import { UserError } from "../base/user_error.ts";
import { bucketOf } from "../counters/histogram.ts";
import { makeSnapshot } from "../monitor/collect/testing.ts";
import { blockMeans, compareRuns, welchT } from "./compare.ts";
import { compareMarkdown, comparePage } from "./compare_page.ts";
import { recordRun, type RunSecond } from "./data/record_run.ts";
import { readRun } from "./data/run_data.ts";
import { svgChart } from "./svg_chart.ts";
import { decades, niceTicks } from "./ticks.ts";
import { writeReport } from "./write_report.ts";

const S = 1_700_000_000;

/** A rehearsal of one phase of 30 s whose fleet was answered so often a second, after so many us. */
async function writeRun(
  folder: string,
  answeredPerS: number,
  latencyUs: number,
  scenario = "<gala> & co",
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const seconds = Array.from({ length: 34 }, (_, i): RunSecond => {
    const shakes = i < 2 || i > 31 ? 0 : answeredPerS + i % 3;
    const counts = { shakesDue: shakes, shakesSent: shakes, shakesAnswered: shakes };
    const phase = i < 2 ? "connect" : i > 31 ? "end" : "storm";
    const latency: [number, number][] = shakes === 0 ? [] : [[bucketOf(latencyUs + i % 3), shakes]];
    return {
      second: S + i,
      phase,
      server: makeSnapshot(S + i, { role: "server", deltas: { framesOut: shakes }, pid: 2 }),
      client: makeSnapshot(S + i, { deltas: counts, latency }),
    };
  });
  recordRun(`${folder}/run.db`, seconds);
  const answered = answeredPerS * 30;
  const usage = { cores: 0.1, cpuMs: 3000, rssBytes: 1e8 };
  const phase = {
    name: "storm",
    seconds: 30,
    scheduled: answered,
    offered: answered,
    answered,
    won: 10,
    wonFen: 1234,
    nothing: answered - 10,
    allGone: 0,
    overloaded: 0,
    missed: { late: 0, unconnected: 0, overrun: 0 },
    disconnects: 0,
    latencyUs: { p50: latencyUs, p90: latencyUs, p99: latencyUs, p999: latencyUs, max: latencyUs },
    latencyBuckets: [[bucketOf(latencyUs), answered]],
    server: usage,
    client: usage,
  };
  const check = { phase: "storm", what: "p99Ms", wanted: "at most 1 ms", seen: "2 ms", isMet: false };
  await Deno.writeTextFile(
    `${folder}/summary.json`,
    JSON.stringify({
      scenario: { name: scenario, about: "a test" },
      verdict: "FAIL",
      startedAt: "2026-01-31T20:00:00.000Z",
      environment: { engine: "sim", users: 7 },
      connect: { users: 7, ready: 7, seconds: 1, perS: 7 },
      phases: [phase],
      checks: [check, { ...check, phase: "all", what: "money won", isMet: true }],
    }),
  );
}

async function inTempDir(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a report is one HTML file that loads nothing, with verdict, checks, phases and charts", async () => {
  await inTempDir(async (dir) => {
    await writeRun(dir, 1000, 500);
    await writeReport(dir);
    const html = await Deno.readTextFile(`${dir}/report.html`);
    for (
      const part of [
        "FAIL",
        "&lt;gala&gt; &amp; co",
        "p99Ms",
        "at most 1 ms",
        "storm (30 s)",
        "1,000/s",
        "<svg",
      ]
    ) {
      assert.ok(html.includes(part), part);
    }
    assert.doesNotMatch(html, /(?:src|href)="https?:/);
    assert.doesNotMatch(html, /<script|@import|url\(/);
    const charts = [...Deno.readDirSync(`${dir}/charts`)].map(({ name }) => name).sort();
    assert.ok(charts.includes("rate.svg") && charts.includes("percentiles.svg"), charts.join());
    const markdown = await Deno.readTextFile(`${dir}/report.md`);
    assert.match(markdown, /FAIL: <gala>.*\n[\s\S]*\| p99Ms \| storm \| 2 ms \| at most 1 ms \|/);
  });
});

Deno.test("a run without a record has a report without charts, and says why", async () => {
  await inTempDir(async (dir) => {
    await writeRun(dir, 1000, 500);
    await Deno.remove(`${dir}/run.db`);
    await writeReport(dir);
    const html = await Deno.readTextFile(`${dir}/report.html`);
    assert.match(html, /run\.db: there is no such file/);
    assert.match(html, /1,000\/s/);
  });
});

Deno.test("what is no rehearsal is told in words", async () => {
  await inTempDir(async (dir) => {
    await assert.rejects(readRun(dir), UserError);
    await Deno.writeTextFile(`${dir}/summary.json`, "{");
    await assert.rejects(readRun(dir), /is no JSON/);
    await Deno.writeTextFile(`${dir}/summary.json`, '{"verdict":1}');
    await assert.rejects(readRun(dir), /is no summary of this redpkt/);
  });
});

Deno.test("two runs: what differs beyond noise is marked, what doesn't is not", async () => {
  await inTempDir(async (dir) => {
    await writeRun(`${dir}/a`, 1000, 500);
    await writeRun(`${dir}/b`, 1010, 2000);
    const [a, b] = [await readRun(`${dir}/a`), await readRun(`${dir}/b`)];
    const differences = compareRuns(a, b);
    const of = (label: string) => differences.find((difference) => difference.label === label)!;
    assert.equal(of("answered").isBeyondNoise, false, "1 % is there between equal runs too");
    assert.deepEqual([of("p99").isBeyondNoise, of("p99").isBetter, of("p99").changePercent], [
      true,
      false,
      300,
    ]);
    assert.equal(of("disconnects").isBeyondNoise, false);
    assert.match(comparePage(a, b, differences), /<mark class="bad">\+300 %<\/mark>/);
    assert.match(
      compareMarkdown(a, b, differences),
      /storm p99 \| 500 us \| 2\.00 ms \| \+300 % \| \*\*beyond noise/,
    );
    assert.ok(compareRuns(a, a).every(({ isBeyondNoise }) => !isBeyondNoise));
  });
});

Deno.test("a chart keeps gaps, escapes its texts, and is well formed", () => {
  const svg = svgChart({
    title: 'a < "b"',
    unit: "us",
    lines: [{ label: "x & y", values: [1, 2, null, 4] }],
    marks: [{ atS: 1, text: "<wave>" }, { atS: 99, text: "outside" }],
    isLog: true,
  });
  assert.match(svg, /d="M[\d.]+ [\d.]+L[\d.]+ [\d.]+M[\d.]+ [\d.]+"/);
  for (const part of ["a &lt; &quot;b&quot;", "x &amp; y", "&lt;wave&gt;"]) {
    assert.ok(svg.includes(part), part);
  }
  assert.ok(!svg.includes("outside"));
  assert.equal(
    (svg.match(/<(g|text|svg|style)\b/g) ?? []).length,
    (svg.match(/<\/(g|text|svg|style)>/g) ?? []).length,
  );
});

Deno.test("ticks are round and reach the highest value", () => {
  assert.deepEqual(niceTicks(2503, 5), [0, 1000, 2000, 3000]);
  assert.deepEqual(niceTicks(1, 4), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(decades(30, 1500), [10, 100, 1000, 10_000]);
  assert.deepEqual(decades(5, 5), [1, 10]);
});

Deno.test("noise is told from change by parts of a phase", () => {
  assert.equal(blockMeans([1, 2, 3, null]), undefined);
  assert.deepEqual(blockMeans([1, 3, 1, 3, 1, 3, 1, 3, 1, 3]), [2, 2, 2, 2, 2]);
  assert.ok(Math.abs(welchT([9, 10, 11, 10, 10], [10, 9, 10, 11, 10])) < 1);
  assert.ok(welchT([9, 10, 11, 10, 10], [19, 20, 21, 20, 20]) > 5);
});

Deno.test("what an operator did in a rehearsal is marked, what the rehearsal did itself is not", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeRun(folder, 100, 500);
    await Deno.remove(`${folder}/run.db`);
    const action = (text: string, who: string) => ({ atMs: (S + 1) * 1000, text, who, markedBy: who });
    const actions = [action("rate qps 5", "rehearsal"), action("rate qps 9", "ann")];
    recordRun(`${folder}/run.db`, [{ second: S, phase: "p", client: makeSnapshot(S, { actions }) }]);
    const { marks } = await readRun(folder);
    assert.deepEqual(marks.map(({ kind, text, who }) => [kind, text, who]), [
      ["phase", "p", undefined],
      ["action", "rate qps 9 on client", "ann"],
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
