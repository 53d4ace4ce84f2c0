import assert from "node:assert/strict";
import { write, writeTick } from "./unit_text.ts";

Deno.test("a value has its unit, and thousands are written in one way", () => {
  assert.deepEqual(
    [
      write(59_987, "perSecond"),
      write(999_999, "perSecond"),
      write(1_250_000, "perSecond"),
      write(1.25, "perSecond"),
      write(1_000, "count"),
      write(84, "us"),
      write(4.9, "ms"),
      write(12.05, "yuan"),
      write(9_966.4, "yuan"),
      write(-0.001, "yuan"),
      write(-0, "count"),
      write(1_500, "bytesPerSecond"),
      write(0, "percent"),
    ],
    [
      "59,987/s",
      "999,999/s",
      "1.25 M/s",
      "1.3/s",
      "1,000",
      "84 us",
      "4.90 ms",
      "12.05 yuan",
      "9,966 yuan",
      "0.00 yuan",
      "0",
      "1.5 kB/s",
      "0 %",
    ],
  );
});

Deno.test("an axis has the unit too, without decimals that say nothing", () => {
  assert.deepEqual(
    [
      writeTick(2_000, "perSecond"),
      writeTick(0, "yuan"),
      writeTick(0.5, "yuan"),
      writeTick(10_000, "us"),
      writeTick(2_500_000, "perSecond"),
      writeTick(100, "count"),
    ],
    ["2,000/s", "0 yuan", "0.5 yuan", "10 ms", "2.5 M/s", "100"],
  );
});
