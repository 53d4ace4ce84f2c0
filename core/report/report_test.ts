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
import { check, WHOLE_RUN } from "./data/check.ts";
import { junitXml } from "./junit.ts";
import { moneyLine } from "../charts/money_line.ts";
import {
  type PhaseSummary,
  type Summary,
  SUMMARY_VERSION,
  summaryJsonSchema,
} from "./data/summary_schema.ts";

const S = 1_700_000_000;

/** A rehearsal of one phase of 30 s whose fleet was answered so often a second, after so many us. */
async function writeRun(
  folder: string,
  answeredPerS: number,
  latencyUs: number,
  scenario = "<gala> & co",
  { parts = {}, phaseName = "storm" }: { parts?: Partial<Summary>; phaseName?: string } = {},
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const seconds = Array.from({ length: 34 }, (_, i): RunSecond => {
    const shakes = i < 2 || i > 31 ? 0 : answeredPerS + i % 3;
    const counts = { shakesDue: shakes, shakesSent: shakes, shakesAnswered: shakes };
    const phase = i < 2 ? "connect" : i > 31 ? "end" : phaseName;
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
  const phase: PhaseSummary = {
    name: phaseName,
    seconds: 30,
    due: answered,
    sent: answered,
    answered,
    won: 10,
    wonFen: 1234,
    nothing: answered - 10,
    greeted: 0,
    allGone: 0,
    overloaded: 0,
    missed: { late: 0, unconnected: 0, overrun: 0 },
    disconnects: 0,
    good: answered,
    givenUp: 0,
    lost: 0,
    admittedP99Us: latencyUs,
    ready: 7,
    behaving: 7,
    backAfterS: null,
    dialErrors: 0,
    closedBad: 0,
    misbehaving: 0,
    badUsers: 0,
    latencyUs: { p50: latencyUs, p90: latencyUs, p99: latencyUs, p999: latencyUs, max: latencyUs },
    latencyBuckets: [[bucketOf(latencyUs), answered]],
    controlUs: { p50: 1, p99: 2 },
    server: usage,
    client: usage,
    sends: {
      ...{ sent: 0, done: 0, refused: 0, notices: 0, claims: 0, claimsAnswered: 0, paid: 0, paidFen: 0 },
      ...{ chats: 0, chatsRefused: 0, claimUs: { p50: 0, p99: 0, max: 0 }, sendUs: { p50: 0, p99: 0 } },
    },
  };
  const summary: Summary = {
    schemaVersion: SUMMARY_VERSION,
    scenario: { name: scenario, about: "a test" },
    verdict: "FAIL",
    startedAt: "2026-01-31T20:00:00.000Z",
    environment: { engine: "sim", users: 7 },
    connect: { users: 7, ready: 7, seconds: 1, perS: 7 },
    phases: [phase],
    checks: [
      check({ measure: "p99Ms", phase: phaseName, unit: "ms" }, 2, { atMost: 1 }),
      check({ measure: "moneyWon", phase: WHOLE_RUN, unit: "fen" }, 1234, { atLeast: 1234, atMost: 1234 }),
    ],
    money: { putInFen: 5000, poolFen: 3766, heldFen: 0, usersFen: 1234, returnedFen: 0 },
    causes: [{
      phase: phaseName,
      kind: "neighbour",
      text: "another process took 85 % of a core",
      seen: 85,
      unit: "percentOfACore",
    }],
  };
  await Deno.writeTextFile(
    `${folder}/summary.json`,
    JSON.stringify({ ...summary, ...parts }),
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
    await writeReport(dir, []);
    const html = await Deno.readTextFile(`${dir}/report.html`);
    for (
      const part of [
        "FAIL",
        "&lt;gala&gt; &amp; co",
        "p99Ms",
        "at most 1 ms",
        "another process took 85 % of a core",
        "money OK: 50.00 yuan put in = 37.66 yuan pool + 0.00 yuan held + 12.34 yuan users + 0.00 yuan returned",
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
    assert.match(markdown, /^[^\n]+\n\nmoney OK: 50\.00 yuan put in/);
    assert.match(markdown, /\*\*storm:\*\* another process took 85 %/);
    assert.match(markdown, /FAIL: <gala>.*\n[\s\S]*\| p99Ms \| storm \| 2 ms \| at most 1 ms \|/);
  });
});

Deno.test("a run without a record has a report without charts, and says why", async () => {
  await inTempDir(async (dir) => {
    await writeRun(dir, 1000, 500);
    await Deno.remove(`${dir}/run.db`);
    await writeReport(dir, []);
    const html = await Deno.readTextFile(`${dir}/report.html`);
    assert.match(html, /run\.db: there is no such file/);
    assert.match(html, /1,000\/s/);
  });
});

Deno.test("junit.xml has a case a check, well formed whatever the names hold", async () => {
  await inTempDir(async (dir) => {
    await writeRun(dir, 1000, 500, 'a "b" <c> & \u0001d', { parts: { broken: "it > broke" } });
    await writeReport(dir, []);
    const xml = await Deno.readTextFile(`${dir}/junit.xml`);
    assert.equal(
      (xml.match(/<testcase /g) ?? []).length,
      3,
      "two checks, and one that it was played to its end",
    );
    assert.match(
      xml,
      /<testsuite name="a &quot;b&quot; &lt;c&gt; &amp; \ufffdd" tests="3" failures="1" errors="1"/,
    );
    assert.match(
      xml,
      /name="p99Ms" time="30\.000"><failure message="seen 2 ms, wanted at most 1 ms">another process took 85 % of a core<\/failure>/,
    );
    assert.match(xml, /name="moneyWon" time="0\.000"\/>/);
    assert.match(xml, /<error message="it &gt; broke"\/>/);
    assert.equal(xml, junitXml((await readRun(dir, [])).summary), "report makes it anew");
  });
});

Deno.test("the published schema is the one that summaries are read with", async () => {
  const published = new URL("../../docs/schemas/summary.schema.json", import.meta.url);
  assert.equal(await Deno.readTextFile(published), summaryJsonSchema(), "write it: deno task schemas");
});

Deno.test("a summary of another version is refused with what to do", async () => {
  await inTempDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/summary.json`, '{"checks":[{"what":"p99Ms","isMet":true}]}');
    await assert.rejects(
      readRun(dir, []),
      /schema version 0, and this redpkt reads 2\. Read it with the redpkt/,
    );
  });
});

Deno.test("the money line says what is missing, or too much", () => {
  const money = { putInFen: 100, poolFen: 10, heldFen: 20, usersFen: 30, returnedFen: 40 };
  assert.match(moneyLine(money), /^money OK: 1\.00 yuan put in = /);
  assert.match(
    moneyLine({ ...money, usersFen: 29 }),
    /^money OFF BY 0\.01 yuan, missing: 1\.00 yuan put in is not /,
  );
  assert.match(moneyLine({ ...money, usersFen: 31 }), /^money OFF BY 0\.01 yuan, too much: /);
});

Deno.test("runs without a common phase are told of in words, not by an empty table", async () => {
  await inTempDir(async (dir) => {
    await writeRun(`${dir}/a`, 100, 500);
    await writeRun(`${dir}/b`, 100, 500, "other", { phaseName: "calm" });
    const [a, b] = [await readRun(`${dir}/a`, []), await readRun(`${dir}/b`, [])];
    const text = compareMarkdown(a, b, compareRuns(a, b));
    assert.match(text, /^The runs have no phase in common/);
    assert.doesNotMatch(text, /\|/);
  });
});

Deno.test("what is no rehearsal is told in words", async () => {
  await inTempDir(async (dir) => {
    await assert.rejects(readRun(dir, []), UserError);
    await Deno.writeTextFile(`${dir}/summary.json`, "{");
    await assert.rejects(readRun(dir, []), /is no JSON/);
    await Deno.writeTextFile(`${dir}/summary.json`, '{"verdict":1}');
    await assert.rejects(readRun(dir, []), /is no summary of this redpkt/);
  });
});

Deno.test("two runs: what differs beyond noise is marked, what doesn't is not", async () => {
  await inTempDir(async (dir) => {
    await writeRun(`${dir}/a`, 1000, 500);
    await writeRun(`${dir}/b`, 1010, 2000);
    const [a, b] = [await readRun(`${dir}/a`, []), await readRun(`${dir}/b`, [])];
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
    const { marks } = await readRun(folder, []);
    assert.deepEqual(marks.map(({ kind, text, who }) => [kind, text, who]), [
      ["phase", "p", undefined],
      ["action", "rate qps 9 on client", "ann"],
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
