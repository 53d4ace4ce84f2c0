import assert from "node:assert/strict";
import { median } from "../common/spread.ts";
import { checkWindow } from "./load.ts";
import { readReport } from "./profile.ts";
import { buildTools, memoryLatency } from "./tools.ts";

Deno.test("the median of pairs is one of them, or between two", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

Deno.test("a report of perf is read: kernel, V8's functions with their files, libraries", () => {
  const report = `
    12.34%  worker-1         [kernel.kallsyms]    [k] tcp_sendmsg_locked      -      -
     3.21%  worker-1         perf-4711.map        [.] JS:*onBytes file:///x/y/core/set/access_set.ts:7:3
     1.00%  V8 DefaultWorke  [JIT] tid 4711       [.] Builtin:ArrayMap
     0.50%  deno             libc.so.6            [.] __send
`;
  assert.deepEqual(readReport(report), [
    { share: 12.34, thread: "worker-1", where: "kernel", name: "tcp_sendmsg_locked" },
    { share: 3.21, thread: "worker-1", where: "JavaScript", name: "JS:*onBytes core/set/access_set.ts:7:3" },
    { share: 1, thread: "V8 DefaultWorke", where: "JavaScript", name: "Builtin:ArrayMap" },
    { share: 0.5, thread: "deno", where: "libc.so.6", name: "__send" },
  ]);
});

Deno.test("without a compiler, one line says so", async () => {
  const result = await buildTools("/nowhere", ["no-such-compiler"]);
  assert.ok("why" in result && /^(no C compiler is installed|they are for Linux)/.test(result.why));
});

Deno.test("the rulers are compiled without a warning, and memory has a latency", async (t) => {
  const folder = await Deno.makeTempDir();
  try {
    const tools = await buildTools(folder, ["cc", "gcc", "clang"], ["-Werror"]);
    if ("why" in tools) {
      assert.doesNotMatch(tools.why, /can't compile/);
      await t.step({ name: `skipped: ${tools.why}`, ignore: true, fn: () => {} });
      return;
    }
    const latency = await memoryLatency(tools);
    assert.deepEqual(Object.keys(latency), ["4", "16", "64", "256"]);
    assert.ok(Object.values(latency).every((ns) => ns > 1 && ns < 1e5), JSON.stringify(latency));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const GOOD = {
  ...{ connected: 100, logins_ok: 100, failed: 0, disconnects: 0, protocol_errors: 0, logins_bad: 0 },
  ...{ unexpected_replies: 0, unanswered: 0, overrun: 0, send_blocked: 0 },
  ...{ window_s: 3, window_sent: 90_000, throughput_rps: 30_000, by_code: { "15": 89_400, "14": 600 } },
  latency_us: { p50: 100, p99: 900 },
  send_lag_us: { p99: 50 },
  server: { us_per_request: 8, rss_kb: 50_000 },
};
const OPEN = { name: "open", openPerS: 30_000 };
const REDPKT = { name: "redpkt", givesPackets: true };
const WINDOW = { connections: 100, seconds: 3 };

/** What makes a window's figure that of another load, and what is said of it. */
const BROKEN: readonly [what: string, change: Partial<typeof GOOD>, says: RegExp][] = [
  ["somebody couldn't connect", { logins_ok: 99 }, /99 of 100 connections/],
  ["a connection was lost", { disconnects: 1 }, /1 disconnects/],
  ["shakes stayed unanswered", { unanswered: 12 }, /12 unanswered/],
  ["shakes were refused", { by_code: { "15": 80_000, "14": 600, "17": 9_400 } as never }, /other answers/],
  ["hardly anybody won", { by_code: { "15": 89_999, "14": 1 } }, /1 shakes won/],
  ["the process is another one", { server: { us_per_request: 0, rss_kb: 1 } }, /no CPU time/],
  ["the generator sent less than its schedule", { window_sent: 80_000 }, /88.9 % of its schedule/],
  ["the generator was late", { send_lag_us: { p99: 20_000 } }, /20.0 ms late/],
  ["shakes were left out", { overrun: 3 }, /3 overrun/],
];

for (const [what, change, says] of BROKEN) {
  Deno.test(`bench:floor has no figure where ${what}`, () => {
    checkWindow(GOOD, OPEN, REDPKT, WINDOW);
    assert.throws(() => checkWindow({ ...GOOD, ...change }, OPEN, REDPKT, WINDOW), says);
  });
}

Deno.test("bench:floor has no figure where the bare server gives something away", () => {
  assert.throws(
    () => checkWindow(GOOD, OPEN, { name: "bare C", givesPackets: false }, WINDOW),
    /other answers than 0/,
  );
});
