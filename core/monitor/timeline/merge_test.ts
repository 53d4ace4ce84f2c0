import assert from "node:assert/strict";
import { BUCKET_COUNT, Histogram, record, toSparse } from "../../counters/histogram.ts";
import { Random } from "../../base/random.ts";
import { chartTable } from "./chart_table.ts";
import { lineValue } from "./charts.ts";
import { MergedSecond } from "./merge.ts";
import { declaredBy } from "../../plugin/declared.ts";
import throttle from "../../../plugins/throttle/mod.ts";
import { makeSnapshot } from "../collect/testing.ts";

Deno.test("percentiles of merged snapshots are those of one histogram of all values, bit for bit", () => {
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    const whole = new Uint32Array(BUCKET_COUNT);
    const merged = new MergedSecond(7);
    for (let target = 0; target < 50; target++) {
      const own = new Uint32Array(BUCKET_COUNT);
      for (let i = random.below(400); i > 0; i--) {
        const value = random.uint32() >>> random.below(32);
        record(own, value);
        record(whole, value);
      }
      merged.add(makeSnapshot(7, { latency: toSparse(own), machine: `m${target}` }), `t${target}`);
    }
    const one = new Histogram().add(toSparse(whole));
    const all = merged.roles.client!.histograms.shakeLatencyUs;
    assert.deepEqual(all.buckets, one.buckets, `seed ${seed}`);
    for (const percent of [0.1, 1, 50, 90, 99, 99.9, 100]) {
      assert.equal(all.percentile(percent), one.percentile(percent), `seed ${seed}, p${percent}`);
    }
  }
});

Deno.test("a machine's interfaces count once, however many of its processes tell of them", () => {
  const merged = new MergedSecond(7);
  const eth0 = { rxBytes: 100, rxPackets: 1, txBytes: 50, txPackets: 2 };
  for (const [machine, target] of [["a", "1"], ["a", "2"], ["b", "3"], ["", "4"], ["", "5"]]) {
    const snapshot = makeSnapshot(7, { machine });
    merged.add({ ...snapshot, process: { ...snapshot.process, network: { eth0, lo: eth0 } } }, target);
  }
  assert.equal(merged.network.rxBytes, 400);
  assert.equal(merged.loopback.txPackets, 8);
});

Deno.test("roles are kept apart, and the worst event-loop delay is the group's", () => {
  const merged = new MergedSecond(7);
  const snapshot = makeSnapshot(7, { deltas: { passes: 2 }, role: "server" });
  merged.add(snapshot, "1");
  merged.add({ ...snapshot, process: { ...snapshot.process, loopDelayMs: 40 } }, "2");
  merged.add(makeSnapshot(7, { deltas: { passes: 10 } }), "3");
  assert.deepEqual([merged.roles.server!.deltas.passes, merged.roles.client!.deltas.passes], [4, 10]);
  assert.deepEqual([merged.roles.server!.loopDelayMs, merged.roles.server!.processes], [40, 2]);
});

Deno.test("the level of a chart is the highest that any SET has", () => {
  const level = chartTable([declaredBy(throttle)]).lines.find(({ label }) => label === "level")!;
  const merged = new MergedSecond(7);
  assert.equal(lineValue(level, merged), null, "nobody has told");
  const at = (strained: number, readingLess: number, claimsOnly: number) =>
    makeSnapshot(7, {
      role: "server",
      gauges: {
        throttleSetsStrained: strained,
        throttleSetsReadingLess: readingLess,
        throttleSetsClaimsOnly: claimsOnly,
      },
    });
  merged.add(at(0, 0, 0), "1");
  assert.equal(lineValue(level, merged), 0);
  merged.add(at(3, 0, 0), "2");
  assert.equal(lineValue(level, merged), 1);
  merged.add(at(1, 2, 0), "3");
  assert.equal(lineValue(level, merged), 2);
  merged.add(at(0, 0, 1), "4");
  assert.equal(lineValue(level, merged), 3);
});
