import assert from "node:assert/strict";
import type { Snapshot } from "../counters/series.ts";
import { eventsOf, makeSnapshot, openStream, settle, TestWorld } from "../monitor/collect/testing.ts";
import { Judge, type JudgeOptions } from "./judge.ts";
import { readThresholds } from "./thresholds.ts";

const BEGIN = 1_700_000_000;
/** A bucket of the histogram, and what it holds at most, in us. */
const SLOW = 700;

/** Watches a server and a fleet, whose seconds a test makes. */
async function watch(
  options: Partial<JudgeOptions>,
  tell: (second: number) => Partial<Record<"s" | "f", object>>,
) {
  const world = new TestWorld();
  const streams = { s: openStream(), f: openStream() };
  world.answer = (url) => streams[url.includes("//s") ? "s" : "f"].response;
  const judge = new Judge({
    targets: [{ url: "http://s:1", name: "s" }, { url: "http://f:1", name: "f" }],
    thresholds: readThresholds(["p99Ms<50", "sentPercent>99", "closedBad<0"], undefined, [
      ...["p99Ms", "sentPercent", "closedBad"],
    ]),
    measures: {},
    windows: 2,
    windowS: 3,
    isAborting: false,
    ...options,
  }, world);
  const watching = judge.watch();
  await settle();
  const told = async (second: number) => {
    await world.pass((second + 1) * 1_000 + 1 - world.clock.wallMs());
    for (const [name, parts] of Object.entries(tell(second))) {
      const role = name === "s" ? "server" : "client";
      const snapshot = makeSnapshot(second, { role, ...parts as Partial<Snapshot> });
      await streams[name as "s" | "f"].send(eventsOf(snapshot));
    }
  };
  await told(BEGIN - 1);
  const notLive = judge.notLive();
  let second = BEGIN;
  await judge.run(async (ms) => {
    const untilMs = world.clock.wallMs() + ms;
    while ((second + 1) * 1_000 < untilMs) await told(second++);
    await world.pass(Math.max(0, untilMs - world.clock.wallMs()));
    return true;
  }, () => {});
  watching.stop();
  await watching.ended;
  return {
    notLive,
    results: judge.windows.map(({ result }) => result),
    unmet: judge.windows.map(({ checks }) =>
      checks.filter(({ met }) => !met).map(({ measure, of, seen, note }) => [measure, of, seen, note])
    ),
  };
}

const good = {
  s: { deltas: { closedIdle: 0 } },
  f: { deltas: { shakesDue: 10, shakesSent: 10, shakesAnswered: 10 }, latency: [[100, 10]] },
};

Deno.test("windows hold their own seconds, and each is judged", async () => {
  const { notLive, results, unmet } = await watch(
    {},
    (second) => second === BEGIN + 5 ? { ...good, f: { ...good.f, latency: [[SLOW, 10]] } } : good,
  );
  assert.deepEqual(notLive, []);
  assert.deepEqual(results.map(({ name, due, seconds }) => [name, due, seconds]), [
    ["window_1", 30, 3],
    ["window_2", 30, 3],
  ]);
  assert.deepEqual(unmet[0], []);
  assert.deepEqual(unmet[1].map(([measure]) => measure), ["p99Ms"]);
});

Deno.test("with --abort no window begins after one that fails", async () => {
  const bad = { ...good, s: { deltas: { closedIdle: 1 } } };
  const { unmet } = await watch({ isAborting: true, windows: 3 }, () => bad);
  assert.deepEqual(unmet.map((each) => each.map(([measure]) => measure)), [["closedBad"]]);
});

Deno.test("seconds that a target didn't tell fail the verdict, with its name", async () => {
  const { unmet } = await watch({ windows: 1 }, (second) => second === BEGIN + 1 ? { f: good.f } : good);
  assert.deepEqual(unmet, [[["secondsMissing", "s", 1, "it is live"]]]);
});

Deno.test("what nobody could tell has no value, however harmless its zero looks", async () => {
  const targets = [{ url: "http://s:1", name: "s" }];
  const { unmet } = await watch({ targets, windows: 1 }, () => ({ s: good.s }));
  assert.deepEqual(unmet, [[
    ["p99Ms", undefined, null, "no fleet told anything"],
    ["sentPercent", undefined, null, "no fleet told anything"],
  ]]);
});

Deno.test("the seconds of a clock that is off are those in which they came", async () => {
  const { results, unmet } = await watch({ windows: 1 }, (second) => ({
    ...good,
    s: { ...good.s, second: second + 40, readAtMs: (second + 41) * 1_000 + 1 },
  }));
  assert.deepEqual([results[0].due, unmet], [30, [[]]]);
});

Deno.test("thresholds come from texts and a file, and every mistake is told", async () => {
  const path = await Deno.makeTempFile();
  const known = ["p99Ms", "won"];
  try {
    await Deno.writeTextFile(path, `{"$schema": "x", "p99Ms": {"atMost": 50}}`);
    assert.deepEqual(readThresholds(["p99Ms >= 1", "won>2"], path, known), {
      p99Ms: { atMost: 50, atLeast: 1 },
      won: { atLeast: 2 },
    });
    await Deno.writeTextFile(path, `{"p99": {"atMost": 50}, "won": {}}`);
    assert.throws(() => readThresholds(["p99Ms=5", "wno>1"], path, known), (error: Error) => {
      assert.deepEqual(error.message.split("\n").map((line) => line.replace(path, "FILE")), [
        "--thresholds FILE: won: needs atLeast or atMost",
        "--threshold p99Ms=5: must be a measure, < or >, and a number, such as p99Ms<50",
        "--threshold wno>1: wno: nothing measures this. Did you mean won? There are p99Ms, won",
      ]);
      return true;
    });
    assert.throws(() => readThresholds([], undefined, known), /give --threshold/);
  } finally {
    await Deno.remove(path);
  }
});
