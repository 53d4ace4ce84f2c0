import assert from "node:assert/strict";
import { formatBytes, formatCount, formatMicros, formatOf, formatShort, formatYuan } from "./units.ts";

Deno.test("numbers as people read them", () => {
  assert.deepEqual(
    [0, 84, 999, 1_000, 12_345, 123_456, 2_500_000, 75_000_000].map(formatMicros),
    ["0 us", "84 us", "999 us", "1.00 ms", "12.3 ms", "123 ms", "2.50 s", "75.0 s"],
  );
  assert.deepEqual([0, -0, -0.4, 999, 1_000_000].map(formatCount), ["0", "0", "0", "999", "1,000,000"]);
  assert.deepEqual([-0, 999_999, 1_000_000, 2.5e9].map(formatShort), ["0", "999,999", "1.00 M", "2.50 G"]);
  assert.deepEqual([0, 512, 1_000, 12_340_000, 2.5e9].map(formatBytes), [
    "0 B",
    "512 B",
    "1.0 kB",
    "12.3 MB",
    "2.5 GB",
  ]);
  assert.deepEqual([0, 1, 2].map((count) => formatOf(count, "target")), [
    "0 targets",
    "1 target",
    "2 targets",
  ]);
  assert.deepEqual([999.6, 999_600].map(formatMicros), ["1.00 ms", "1.00 s"], "no unit is written as 1000");
  assert.deepEqual([0, -0, 5, 1205, -1205, 123_456_789].map(formatYuan), [
    "0.00 yuan",
    "0.00 yuan",
    "0.05 yuan",
    "12.05 yuan",
    "-12.05 yuan",
    "1,234,567.89 yuan",
  ]);
});
