import assert from "node:assert/strict";
import { ManualClock } from "../base/clock.ts";
import type { Host } from "./host.ts";
import { Stages } from "./progress.ts";

function bench(isTerminal: boolean) {
  const clock = new ManualClock();
  const written: string[] = [];
  const host = { clock, isTerminal, columns: 60, err: (text: string) => void written.push(text) };
  return { clock, written, stages: new Stages(host as unknown as Host) };
}

Deno.test("what takes less than two seconds is not shown, what takes longer is, stage by stage", () => {
  const { clock, written, stages } = bench(false);
  stages.on("data/", 500, 4_000, "rows");
  clock.advance(1_999);
  stages.on("data/", 500, 4_000, "rows");
  assert.deepEqual(written, []);
  clock.advance(1);
  stages.on("data/", 1_000, 4_000, "rows");
  clock.advance(4_999);
  stages.on("data/", 1_000, 4_000, "rows");
  assert.deepEqual(
    written,
    ["data/: 2,000 of 4,000 rows (50 %), 1,000/s, 2 s left\n"],
    "a line every five seconds",
  );
  stages.on("fleet.csv", 5, 10, "bytes");
  clock.advance(2_000);
  stages.on("fleet.csv", 5, 0, "bytes");
  assert.deepEqual(written.slice(1), ["fleet.csv: 10 bytes, 5/s\n"]);
});

Deno.test("on a terminal it is one line, within its width, that goes at the end", () => {
  const { clock, written, stages } = bench(true);
  stages.on("a/very/long/name/of/a/folder/with/a/ledger", 0, 1_000_000, "rows");
  clock.advance(2_000);
  stages.on("a/very/long/name/of/a/folder/with/a/ledger", 1, 1_000_000, "rows");
  stages.end();
  assert.equal(written.length, 2);
  assert.ok(written[0].startsWith("\r\x1b[K") && !written[0].includes("\n"));
  assert.ok(written[0].length < 60 + "\r\x1b[K".length);
  assert.equal(written[1], "\r\x1b[K");
});
