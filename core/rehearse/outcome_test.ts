import assert from "node:assert/strict";
import type { Host } from "../cli/host.ts";
import { ExitCode } from "../base/user_error.ts";
import { check } from "../report/data/check.ts";
import type { Summary } from "../report/data/summary_schema.ts";
import { makeSnapshot } from "../monitor/collect/testing.ts";
import { ManualClock } from "../base/clock.ts";
import { exitCodeOf, outcomeText } from "./outcome.ts";
import { type RehearsalBroken, Run } from "./run.ts";
import { completeScenario } from "./measure/scenario.ts";
import type { Stage } from "./stage/stage.ts";
import { StatusLine } from "./status_line.ts";
import { makePhase } from "./testing.ts";
import { Timeline } from "./timeline.ts";

const SCENARIO = completeScenario({
  name: "small",
  about: "a test",
  users: 10,
  phases: [{ name: "p", seconds: 1, shakesPerS: 1 }],
});

function summary(parts: Partial<Summary> = {}): Summary {
  return {
    schemaVersion: 2,
    scenario: SCENARIO,
    verdict: "FAIL",
    startedAt: "2026-01-31T20:00:00.000Z",
    environment: { engine: "sim", users: 10 },
    phases: [makePhase()],
    checks: [],
    ...parts,
  };
}

Deno.test("the exit code says whether it passed, failed, or nobody was served", () => {
  assert.equal(exitCodeOf(summary({ verdict: "PASS" })), ExitCode.ok);
  assert.equal(exitCodeOf(summary()), ExitCode.failed);
  assert.equal(exitCodeOf(summary({ phases: [makePhase({ answered: 0 })] })), ExitCode.nobodyServed);
  const nothingAsked = makePhase({ due: 0, sent: 0, answered: 0 });
  assert.equal(exitCodeOf(summary({ phases: [nothingAsked] })), ExitCode.failed, "nobody wanted anything");
  const claims = { ...nothingAsked.sends, claims: 3, claimsAnswered: 2 };
  assert.equal(exitCodeOf(summary({ phases: [{ ...nothingAsked, sends: claims }] })), ExitCode.failed);
});

Deno.test("the results begin with the money and end with the verdict, and no failure is without a why", () => {
  const text = outcomeText(
    summary({
      money: { putInFen: 100, poolFen: 10, heldFen: 20, usersFen: 30, returnedFen: 40 },
      checks: [check({ measure: "p99Ms", phase: "p", unit: "ms" }, 2, { atMost: 1 })],
      causes: [{ phase: "p", kind: "none", text: "redpkt was slow", seen: null, unit: null }],
      machine: { cores: 2, memoryNs: 158.6, phases: {} },
    }),
    [],
    "out/x",
  );
  assert.match(text, /^ {2}money OK: 1\.00 yuan put in = 0\.10 yuan pool/);
  assert.match(text, /machine: 2 cores, memory 159 ns a random read: it doesn't tell\n/);
  assert.match(text, /\n {2}FAIL {2}p +p99Ms +2 ms +at most 1 ms\n\n {2}why {2}p: redpkt was slow\n/);
  assert.match(text, /\nFAIL {2}small {2}out\/x\/report\.html\n$/);
});

/** A stage whose fleet has so many users logged in, and a clock of which each look takes 5 s. */
function fakeRun(ready: number, counters: Record<string, number>): Run {
  const time = new ManualClock();
  const clock = { ...time, monotonicMs: () => (time.advance(5_000), time.monotonicMs()) };
  const child = { hasEnded: false, isReady: () => Promise.resolve(true) };
  const request = () => Promise.resolve({ ready, behaving: 10 });
  const client = { ...child, request, totals: () => Promise.resolve({ counters }) };
  const stage = { server: { ...child, request }, client, pids: [] } as unknown as Stage;
  const signal = new AbortController().signal;
  return new Run({ clock } as unknown as Host, stage, new Timeline(() => {}), 1, signal);
}

Deno.test("who could not log in is told with why: how fast they came, and what their dials met with", async () => {
  await assert.rejects(
    fakeRun(4, { dialFailedTimeout: 7, loginsRefused: 0 }).play(SCENARIO, 10),
    (error: RehearsalBroken) => {
      assert.match(
        error.message,
        /^only 4 of 10 users could log in, in \d+ s, at 0\/s where 5,000\/s were asked for; of its dials 7 timed out; the machine: /,
      );
      return error.exitCode === ExitCode.failed;
    },
  );
  await assert.rejects(
    fakeRun(0, { loginsRefused: 12 }).play(SCENARIO, 10),
    (error: RehearsalBroken) =>
      /12 logged in and were refused/.test(error.message) && error.exitCode === ExitCode.nobodyServed,
  );
});

Deno.test("the status line goes before the results, and no late second brings it back", () => {
  const said: string[] = [];
  const host = { isTerminal: true, columns: 40, err: (text: string) => said.push(text) } as unknown as Host;
  const status = new StatusLine(host);
  const second = {
    second: 1,
    phase: "p",
    client: makeSnapshot(1, { gauges: { usersReady: 7 }, latency: [] }),
  };
  status.show(second);
  assert.equal(said.at(-1), "\r\x1b[Kp          7 users");
  status.end();
  assert.equal(said.at(-1), "\r\x1b[K");
  status.show(second);
  status.end();
  assert.equal(said.length, 2);
});
