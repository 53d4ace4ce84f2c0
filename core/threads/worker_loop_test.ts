import assert from "node:assert/strict";
import { runLoop } from "./worker_loop.ts";

/** A loop of so many passes, a ms each; every second one has a promise to wait for. */
function loopOf(passes: number) {
  const told: string[] = [];
  return {
    told,
    nowMs: 0,
    get isStopped() {
      return this.nowMs === passes;
    },
    pass(): void | Promise<void> {
      const at = ++this.nowMs;
      told.push(`pass ${at}`);
      if (at % 2 === 0) return Promise.resolve().then(() => void told.push(`end ${at}`));
    },
  };
}

Deno.test("a loop turns until it has stopped, and waits for a pass that takes its time", async () => {
  const loop = loopOf(4);
  const priorities: number[] = [];
  await runLoop(loop, "normal", 1_000, (isFirst) => void priorities.push(isFirst));
  assert.deepEqual(loop.told, ["pass 1", "pass 2", "end 2", "pass 3", "pass 4", "end 4"]);
  assert.deepEqual(priorities, [0, 0, 0, 0], "whoever looks on is told after each pass");
});

Deno.test("a busy loop lets the runtime work now and then", async () => {
  for (const [yieldMs, turns] of [[2, 5], [100, 1]]) {
    let passes = 0;
    const busy = { nowMs: 0, isStopped: false, pass: () => void (busy.isStopped = ++busy.nowMs === 10) };
    let seen = 0;
    let last = -1;
    // The runtime's own work: it runs whenever the loop lets it.
    const timer = setImmediate(function look() {
      if (busy.nowMs !== last) seen++;
      last = busy.nowMs;
      passes = busy.nowMs;
      if (!busy.isStopped) setImmediate(look);
    });
    await runLoop(busy, "normal", yieldMs, () => {});
    clearImmediate(timer);
    assert.ok(passes > 0 && seen >= turns, `${seen} turns of the runtime in ten passes`);
    if (yieldMs === 100) assert.ok(seen <= 2, `${seen} turns, and one was asked for`);
  }
});
