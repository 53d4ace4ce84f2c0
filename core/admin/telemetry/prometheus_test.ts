import assert from "node:assert/strict";
import { Counters, MetricLayout } from "../../counters/counters.ts";
import { record } from "../../counters/histogram.ts";
import { inSeconds, prometheusText } from "./prometheus.ts";

const layout = new MetricLayout({
  shakeWon: { kind: "counter", help: "Shakes that won" },
  users: { kind: "gauge", help: "Users that are logged in now" },
  busyUs: { kind: "counter", help: "Time in microseconds that loops were busy" },
  shakeLatencyUs: { kind: "histogram", help: "Microseconds to the answer" },
});

function text(fill: (counters: Counters) => void): string {
  const counters = new Counters(layout, 2);
  fill(counters);
  return prometheusText(counters, { role: "server", cpuMs: 1500, rssBytes: 1000 });
}

Deno.test("counters, gauges and the process are told in base units", () => {
  const lines = text((counters) => {
    counters.block(0)[layout.handle("shakeWon")] = 3;
    counters.block(1)[layout.handle("shakeWon")] = 4;
    counters.block(0)[layout.handle("busyUs")] = 2_500_000;
  }).split("\n");
  for (
    const line of [
      "# HELP redpkt_shake_won_total Shakes that won",
      "# TYPE redpkt_shake_won_total counter",
      "redpkt_shake_won_total 7",
      "redpkt_users 0",
      "redpkt_busy_seconds_total 2.5",
      "# HELP redpkt_busy_seconds_total Time in seconds that loops were busy",
      "process_cpu_seconds_total 1.5",
      "process_resident_memory_bytes 1000",
    ]
  ) assert.ok(lines.includes(line), line);
});

Deno.test("each bucket counts exactly what does not exceed its edge", () => {
  const values = [0, 40, 47, 48, 63, 64, 95, 96, 1000, 1023, 1024, 500_000, 4_000_000_000];
  const lines = text((counters) => values.forEach((value) => record(counters.histogram(0, 0), value))).split(
    "\n",
  );
  const buckets = lines.filter((line) => line.startsWith("redpkt_shake_latency_seconds_bucket"));
  assert.ok(buckets.length > 30);
  for (const line of buckets) {
    const [, edge, count] = /le="([^"]+)"\} (\d+)/.exec(line)!;
    const most = edge === "+Inf" ? Infinity : Math.round(Number(edge) * 1e6);
    assert.equal(Number(count), values.filter((value) => value <= most).length, line);
  }
  assert.ok(lines.includes(`redpkt_shake_latency_seconds_count ${values.length}`));
});

Deno.test("a help text names the unit that is counted in", () => {
  assert.equal(inSeconds("Microseconds from x", 1e-6), "Seconds from x");
  assert.equal(inSeconds("Time in milliseconds", 1e-3), "Time in seconds");
  assert.equal(inSeconds("Microseconds", 1), "Microseconds");
});
