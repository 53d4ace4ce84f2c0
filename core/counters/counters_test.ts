import assert from "node:assert/strict";
import { AssertionFailed } from "../base/assert.ts";
import { Counters, type MetricDefinition, MetricLayout } from "./counters.ts";
import { BUCKET_COUNT, record, toSparse } from "./histogram.ts";

const definitions: Record<string, MetricDefinition> = {
  shakes: { kind: "counter", help: "Shakes that came." },
  waitUs: { kind: "histogram", help: "Time in the queue in us." },
  open: { kind: "gauge", help: "Connections that are open." },
  passUs: { kind: "histogram", help: "Length of a pass in us." },
  won: { kind: "counter", help: "Shakes that won." },
};

Deno.test("handles number the plain metrics and the histograms apart, in the order of their definition", () => {
  const layout = new MetricLayout(definitions);
  assert.deepEqual(layout.scalars, ["shakes", "open", "won"]);
  assert.deepEqual(layout.histograms, ["waitUs", "passUs"]);
  assert.deepEqual(layout.scalars.map((name) => layout.handle(name)), [0, 1, 2]);
  assert.deepEqual(layout.histograms.map((name) => layout.handle(name)), [0, 1]);
  assert.equal(layout.bytes(3), 3 * (3 * 8 + 2 * BUCKET_COUNT * 4));
});

Deno.test("a name that nobody registered, or of the other sort, is our own mistake", () => {
  const layout = new MetricLayout(definitions);
  const counters = new Counters(layout, 1);
  assert.throws(() => layout.handle("shake"), AssertionFailed);
  assert.throws(() => counters.total("waitUs"), AssertionFailed);
  assert.throws(() => counters.mergedHistogram("shakes"), AssertionFailed);
});

Deno.test("blocks don't overlap: each writes its own, the total is their sum", () => {
  const layout = new MetricLayout(definitions);
  const counters = new Counters(layout, 4);
  for (let block = 0; block < 4; block++) {
    layout.scalars.forEach((_, handle) => counters.block(block)[handle] = 10 ** block * (handle + 1));
    for (const name of layout.histograms) {
      const handle = layout.handle(name);
      record(counters.histogram(block, handle), block * 2 + handle);
    }
  }
  assert.deepEqual(layout.scalars.map((name) => counters.total(name)), [1111, 2222, 3333]);
  assert.deepEqual(toSparse(counters.mergedHistogram("waitUs")), [[0, 1], [2, 1], [4, 1], [6, 1]]);
  assert.deepEqual(toSparse(counters.mergedHistogram("passUs")), [[1, 1], [3, 1], [5, 1], [7, 1]]);
});

Deno.test("another thread's view of the same memory shows the same numbers", () => {
  const layout = new MetricLayout(definitions);
  const writer = new Counters(layout, 2);
  const reader = new Counters(layout, 2, writer.memory);
  writer.block(1)[layout.handle("won")] += 5;
  record(writer.histogram(1, layout.handle("passUs")), 9);
  assert.equal(reader.total("won"), 5);
  assert.deepEqual(toSparse(reader.mergedHistogram("passUs")), [[9, 1]]);
});

Deno.test("there may be no histograms at all, or nothing but", () => {
  const none = new Counters(new MetricLayout({ shakes: definitions.shakes }), 2);
  none.block(1)[0] = 3;
  assert.equal(none.total("shakes"), 3);
  const only = new Counters(new MetricLayout({ waitUs: definitions.waitUs }), 2);
  record(only.histogram(1, 0), 3);
  assert.deepEqual(toSparse(only.mergedHistogram("waitUs")), [[3, 1]]);
});
