/**
 * Plays many processes to be monitored: one listener on all loopback addresses, each address a process of its own, each
 * sending a snapshot at every full second. Says its port on standard output; ends with its standard input.
 */
import { BUCKET_COUNT } from "../core/counters/histogram.ts";
import type { Snapshot } from "../core/counters/series.ts";
import { fleetMetrics } from "../core/client/state/metrics.ts";
import { SET_METRICS, WORKER_METRICS } from "../core/set/common/metrics.ts";
import { every } from "../core/base/clock.ts";

const encoder = new TextEncoder();
const streams = new Map<string, ReadableStreamDefaultController<Uint8Array>>();
const totals = new Map<string, Record<string, number>>();

function snapshot(address: string, second: number): Snapshot {
  const isServer = Number(address.split(".")[3]) % 2 === 0;
  const definitions = isServer ? { ...SET_METRICS, ...WORKER_METRICS } : fleetMetrics.definitions;
  const names = (kind: string) => Object.keys(definitions).filter((name) => definitions[name].kind === kind);
  const before = totals.get(address) ?? {};
  const deltas = Object.fromEntries(names("counter").map((name, i) => [name, (second * 31 + i * 7) % 5000]));
  const now = Object.fromEntries(Object.entries(deltas).map(([name, n]) => [name, n + (before[name] ?? 0)]));
  totals.set(address, now);
  const gauges = Object.fromEntries(names("gauge").map((name) => [name, 10_000]));
  const buckets = (from: number): [number, number][] =>
    Array.from({ length: 120 }, (_, i) => [(from + i) % BUCKET_COUNT, 1 + i]);
  return {
    version: 1,
    role: isServer ? "server" : "client",
    second,
    readAtMs: (second + 1) * 1000 + 2,
    deltas,
    totals: now,
    gauges,
    histograms: Object.fromEntries(names("histogram").map((name) => [name, buckets(200)])),
    blocks: Object.fromEntries(Object.keys(gauges).map((name) => [name, new Array(8).fill(1250)])),
    process: {
      pid: 1,
      machine: address,
      cpuUserMs: 300,
      cpuSystemMs: 200,
      rssBytes: 1e8,
      heapUsedBytes: 1e7,
      loopDelayMs: 1,
      network: { eth0: { rxBytes: 1e6, rxPackets: 1e4, txBytes: 2e6, txPackets: 1e4 } },
    },
  };
}

const server = Deno.serve({ hostname: "0.0.0.0", port: 0, onListen: () => {} }, (request) => {
  const { hostname } = new URL(request.url);
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => void streams.set(hostname, controller),
    cancel: () => void streams.delete(hostname),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
});
console.log(server.addr.port);

let last = 0;
every(20, () => {
  const second = Math.floor(Date.now() / 1000) - 1;
  if (second === last) return;
  last = second;
  for (const [address, controller] of streams) {
    const data = JSON.stringify(snapshot(address, second));
    controller.enqueue(encoder.encode(`event: snapshot\nid: ${second}\ndata: ${data}\n\n`));
  }
});
for await (const _ of Deno.stdin.readable);
Deno.exit(0);
