import assert from "node:assert/strict";
import { median } from "./pairs.ts";
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
    const tools = await buildTools(folder);
    if ("why" in tools) {
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
