import assert from "node:assert/strict";
import { median } from "./pairs.ts";
import { readReport } from "./profile.ts";
import { buildTools } from "./tools.ts";

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

Deno.test("without the programs to compare with, it says where they were looked for", async () => {
  const result = await buildTools("/nowhere", "/nowhere");
  assert.ok(
    "why" in result &&
      (result.why.includes("/nowhere/hbload.c") || result.why.includes("Linux") ||
        result.why.includes("compiler")),
  );
});
