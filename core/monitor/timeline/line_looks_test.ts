import assert from "node:assert/strict";
import { declaredBy } from "../../plugin/declared.ts";
import send from "../../../plugins/send/mod.ts";
import shake from "../../../plugins/shake/mod.ts";
import throttle from "../../../plugins/throttle/mod.ts";
import { chartTable } from "./chart_table.ts";
import { looksOf, meaningOf, MEANINGS, OTHERS } from "./line_looks.ts";

const { charts } = chartTable([shake, send, throttle].map(declaredBy));

Deno.test("no colour means two things, on light and on dark ground", () => {
  for (const ground of ["light", "dark"] as const) {
    const colors = [...Object.values(MEANINGS), ...OTHERS].map((color) => color[ground]);
    assert.equal(new Set(colors).size, colors.length, ground);
  }
});

Deno.test("a meaning has its colour on every chart, and percentiles are a scale", () => {
  const colors = new Map<string, string>();
  for (const { lines } of charts) {
    const labels = lines.map(({ label }) => label);
    looksOf(labels).forEach(({ color }, i) => {
      const meaning = meaningOf(labels[i]);
      if (meaning !== undefined) assert.equal(colors.get(meaning) ?? color.light, color.light, labels[i]);
      if (meaning !== undefined) colors.set(meaning, color.light);
    });
  }
  assert.deepEqual([...colors.keys()].sort(), Object.keys(MEANINGS).sort(), "each meaning is on some chart");
  assert.equal(meaningOf("answered (fleet)"), "answered");
  assert.equal(meaningOf("commit, p99"), "p99");
  assert.equal(meaningOf("nothing"), undefined);
});

Deno.test("two lines of a chart never look the same", () => {
  for (const { id, lines } of charts) {
    if (id === "closes") continue; // more than there are looks, nearly all of them 0
    const looks = looksOf(lines.map(({ label }) => label)).map(({ name, dash }) => `${name} ${dash}`);
    assert.equal(new Set(looks).size, looks.length, `${id}: ${looks}`);
  }
});

Deno.test("money that the host sends is on a chart, in packets and in yuan", () => {
  const shown = charts.flatMap(({ lines }) =>
    lines.flatMap(({ source }) => "metrics" in source ? source.metrics : [])
  );
  for (const metric of ["sendHostPackets", "sendHostAmountFen"]) assert.ok(shown.includes(metric), metric);
});
