import assert from "node:assert/strict";
import plugin from "./plugin.ts";
import { projectPath } from "./project.ts";

/** The ids of the rules that object to a source, without the plugin's name. */
function objections(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map((diagnostic) => {
    assert.ok(diagnostic.hint, "every objection says what to do instead");
    return diagnostic.id.replace("redpkt/", "");
  });
}

type Snippet = readonly [path: string, source: string];

function describe(rule: string, { good, bad }: { good: readonly Snippet[]; bad: readonly Snippet[] }): void {
  for (const [path, source] of good) {
    Deno.test(`${rule}: ${path} may say: ${source}`, () => {
      assert.deepEqual(objections(path, source), []);
    });
  }
  for (const [path, source] of bad) {
    Deno.test(`${rule}: ${path} may not say: ${source}`, () => {
      assert.deepEqual(objections(path, source), [rule]);
    });
  }
}

describe("import-boundaries", {
  good: [
    ["core/set/set.ts", `import { assert } from "../base/assert.ts";`],
    ["core/cli/args.ts", `import { z } from "zod";`],
    ["core/set/set.ts", `export * from "./admit.ts";`],
    ["core/set/set_test.ts", `import shake from "../../plugins/shake/plugin.ts";`],
    ["main.ts", `import shake from "./plugins/shake/plugin.ts"; import { run } from "./core/cli/run.ts";`],
    ["plugins/shake/plugin.ts", `import { definePlugin } from "../../core/plugin/plugin.ts";`],
    ["plugins/shake/plugin.ts", `import { Lease } from "./lease.ts";`],
    ["plugins/shake/set/lease.ts", `import { pool } from "../common/pool.ts";`],
    ["plugins/built_in.ts", `import shake from "./shake/plugin.ts"; import("../scenarios/gala.ts");`],
    ["plugins/shake/lease_test.ts", `import { Random } from "../../core/base/random.ts";`],
    ["scenarios/gala.ts", `import type { Scenario } from "../core/rehearse/scenario.ts";`],
    ["scenarios/gala.ts", `import { type Scenario } from "../core/rehearse/scenario.ts";`],
    ["scenarios/gala.ts", `import { base } from "./base.ts";`],
    ["test/e2e_test.ts", `import shake from "../plugins/shake/plugin.ts";`],
    ["bench/shake_bench.ts", `import shake from "../plugins/shake/plugin.ts";`],
  ],
  bad: [
    ["core/set/set.ts", `import shake from "../../plugins/shake/plugin.ts";`],
    ["core/set/set.ts", `import type { Lease } from "../../plugins/shake/lease.ts";`],
    ["core/set/set.ts", `export { Lease } from "../../plugins/shake/lease.ts";`],
    ["core/set/set.ts", `export * from "../../plugins/shake/lease.ts";`],
    ["core/set/set.ts", `type Lease = import("../../plugins/shake/lease.ts").Lease;`],
    ["core/cli/run.ts", `await import("../../scenarios/gala.ts");`],
    ["core/cli/run.ts", `import "../../main.ts";`],
    ["core/cli/run.ts", `import { load } from "../../bench/load.ts";`],
    ["plugins/shake/plugin.ts", `import { Random } from "../../core/base/random.ts";`],
    ["plugins/shake/plugin.ts", `import type { Random } from "../../core/base/random.ts";`],
    ["plugins/shake/plugin.ts", `import { cap } from "../throttle/cap.ts";`],
    ["plugins/shake/plugin.ts", `import type { Cap } from "../throttle/cap.ts";`],
    ["plugins/shake/plugin.ts", `import { z } from "zod";`],
    ["plugins/shake/plugin.ts", `import gala from "../../scenarios/gala.ts";`],
    ["scenarios/gala.ts", `import { Random } from "../core/random/random.ts";`],
    ["scenarios/gala.ts", `import { type Scenario, run } from "../core/rehearse/scenario.ts";`],
    ["scenarios/gala.ts", `import "../core/rehearse/scenario.ts";`],
    ["scenarios/gala.ts", `import type { Lease } from "../plugins/shake/lease.ts";`],
    ["scenarios/gala.ts", `import process from "node:process";`],
  ],
});

describe("no-ambient", {
  good: [
    ["core/base/clock.ts", `performance.now(); Date.now(); setTimeout(() => {}, 1);`],
    ["core/base/random.ts", `crypto.getRandomValues(new Uint32Array(2));`],
    ["core/set/set.ts", `new Date(nowMs).toISOString(); Date.parse(text); Math.floor(1.5);`],
    ["core/set/set.ts", `clearTimeout(timer); clock.setTimeout(1); process.cpuUsage();`],
    ["core/set/set.ts", `let timer: ReturnType<typeof setTimeout>; interface Has { setTimeout(): void }`],
    ["core/set/set.ts", `const handlers = { setTimeout: 1 };`],
    ["core/set/set.ts", `import { setImmediate } from "node:timers";`],
    ["core/set/set.ts", `import { createHash } from "node:crypto";`],
    ["core/set/set_test.ts", `Math.random();`],
    ["main.ts", `Date.now();`],
    ["bench/shake_bench.ts", `performance.now();`],
  ],
  bad: [
    ["core/set/set.ts", `Date.now();`],
    ["core/set/set.ts", `globalThis.Date.now();`],
    ["core/set/set.ts", `Date["now"]();`],
    ["core/set/set.ts", `const read = performance.now;`],
    ["core/set/set.ts", `const { now } = Date;`],
    ["core/set/set.ts", `new Date();`],
    ["core/set/set.ts", `const text = Date();`],
    ["core/set/set.ts", `Deno.hrtime();`],
    ["core/set/set.ts", `process.hrtime.bigint();`],
    ["core/set/set.ts", `setTimeout(() => {}, 5);`],
    ["core/set/set.ts", `globalThis.setInterval(() => {}, 5);`],
    ["core/set/set.ts", `await new Promise((done) => setTimeout(done, 5));`],
    ["core/set/set.ts", `const timers = { setTimeout };`],
    ["core/set/set.ts", `import { setTimeout as sleep } from "node:timers/promises";`],
    ["core/set/set.ts", `import * as timers from "node:timers";`],
    ["core/set/set.ts", `import { performance } from "node:perf_hooks";`],
    ["core/set/set.ts", `import { randomInt } from "node:crypto";`],
    ["core/base/clock.ts", `Math.random();`],
    ["core/base/random.ts", `Date.now();`],
    ["plugins/shake/plugin.ts", `Math.random();`],
    ["plugins/shake/plugin.ts", `crypto.getRandomValues(words);`],
    ["plugins/shake/plugin.ts", `crypto.randomUUID();`],
  ],
});

describe("no-terminate", {
  good: [["core/server/threads.ts", `worker.postMessage({ kind: "stop" }); self.close();`]],
  bad: [
    ["core/server/threads.ts", `worker.terminate();`],
    ["core/server/threads.ts", `worker?.terminate();`],
    ["core/server/threads.ts", `worker["terminate"]();`],
    ["core/set/set_test.ts", `worker.terminate();`],
    ["main.ts", `worker.terminate();`],
  ],
});

describe("one-entry", {
  good: [
    ["main.ts", `new Worker(import.meta.url, { type: "module", name: "set 0" });`],
    ["core/server/threads.ts", `new Worker(host.entryUrl, { type: "module", name: "set 0" });`],
    ["core/server/threads.ts", `new URL("/counters", base); new URL("page.html", import.meta.url);`],
    ["core/threads/mailbox_test.ts", `new Worker(import.meta.resolve("./peer.ts"), { type: "module" });`],
  ],
  bad: [
    ["core/server/threads.ts", `const url = new URL("./worker.ts", import.meta.url);`],
    ["core/server/threads.ts", "const url = new URL(`./${role}.ts`, import.meta.url);"],
    ["core/server/threads.ts", `new Worker("./worker.js", { type: "module" });`],
    ["main.ts", `new Worker(import.meta.resolve("./worker.ts"), { type: "module" });`],
  ],
});

Deno.test("one-entry: the usual worker start is found in both its parts", () => {
  const source = `new Worker(new URL("./worker.ts", import.meta.url).href, { type: "module" });`;
  assert.deepEqual(objections("core/server/threads.ts", source), ["one-entry"]);
});

Deno.test("a file is known by its path in the project, however it is named", () => {
  const here = new URL("../../core/base/assert.ts", import.meta.url);
  assert.equal(projectPath(here.href), "core/base/assert.ts");
  assert.equal(projectPath(here.pathname), "core/base/assert.ts");
  assert.equal(projectPath("./core/base/assert.ts"), "core/base/assert.ts");
});
