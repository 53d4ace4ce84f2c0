import assert from "node:assert/strict";
import { sleep } from "../../base/clock.ts";
import { Deadlines } from "./deadlines.ts";

Deno.test("a limit ends late by an eighth at most and never early, and what is over in time hears of nothing", async () => {
  const deadlines = new Deadlines(400);
  for (let round = 0; round < 2; round++) {
    const late: string[] = [];
    const { promise, resolve } = Promise.withResolvers<number>();
    const sinceMs = performance.now();
    const end = deadlines.begin(() => late.push("quick"));
    deadlines.begin(() => {
      late.push("slow");
      resolve(performance.now() - sinceMs);
    });
    await sleep(10);
    end();
    const tookMs = await promise;
    assert.ok(tookMs >= 399, `${tookMs} ms`);
    assert.deepEqual(late, ["slow"]);
  }
});
