import assert from "node:assert/strict";
import { Counters, MetricLayout } from "../../counters/counters.ts";
import { Series } from "../../counters/series.ts";
import { ManualClock } from "../../base/clock.ts";
import { buildApi } from "../api.ts";
import { telemetryRoutes } from "./telemetry.ts";

function bench() {
  const layout = new MetricLayout({ shakes: { kind: "counter", help: "Shakes that came" } });
  const counters = new Counters(layout, 1);
  const series = new Series("server", counters, new ManualClock(), () => () => {});
  series.start();
  const api = buildApi({ title: "t", version: "0", routes: telemetryRoutes(series, counters) });
  return { series, counters, api };
}

/** The seconds in a stream that has ended. */
async function seconds(response: Response): Promise<number[]> {
  return [...(await response.text()).matchAll(/^id: (\d+)$/gm)].map(([, second]) => Number(second));
}

Deno.test("a stream ends with the last snapshot, so that nobody waits for it", async () => {
  const { series, api } = bench();
  const response = await api.fetch(new Request("http://monitor/stream"));
  series.take(100);
  series.take(101);
  series.finish();
  assert.deepEqual(await seconds(response), [100, 101, 1_700_000_000]);
});

Deno.test("whoever comes back with Last-Event-ID gets what was missed, whoever comes new does not", async () => {
  const { series, api } = bench();
  for (const second of [100, 101, 102]) series.take(second);
  const headers = { "last-event-id": "100" };
  const again = await api.fetch(new Request("http://monitor/stream", { headers }));
  const fresh = await api.fetch(new Request("http://monitor/stream"));
  series.finish();
  assert.deepEqual(await seconds(again), [101, 102, 1_700_000_000]);
  assert.deepEqual(await seconds(fresh), [1_700_000_000]);
});
