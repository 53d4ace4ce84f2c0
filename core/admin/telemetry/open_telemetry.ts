import type { Host } from "../../cli/host.ts";
import type { Counters } from "../../counters/counters.ts";
import { Histogram, toSparse } from "../../counters/histogram.ts";
import { inSeconds, prometheusName } from "./prometheus.ts";

/** Percentiles that are exported of each histogram. */
const PERCENTILES = [50, 90, 99, 99.9];

/**
 * Gives all counters to the runtime's own OpenTelemetry exporter, if it runs (`OTEL_DENO=true`). Where it sends to and
 * how often is for the usual `OTEL_` variables. Nothing is loaded otherwise.
 */
export async function exportOpenTelemetry(host: Host, role: string, counters: Counters): Promise<void> {
  if (!/^(true|1)$/.test(host.env("OTEL_DENO") ?? "")) return;
  const { metrics } = await import("@opentelemetry/api");
  const meter = metrics.getMeter("redpkt");
  const { layout } = counters;
  for (const metric of layout.scalars) {
    const definition = layout.definitions[metric];
    const { name, scale } = prometheusName(metric, definition);
    const options = { description: inSeconds(definition.help, scale) };
    const otelName = name.replace(/_total$/, "");
    const instrument = definition.kind === "counter"
      ? meter.createObservableCounter(otelName, options)
      : meter.createObservableGauge(otelName, options);
    instrument.addCallback((result) => result.observe(counters.total(metric) * scale, { role }));
  }
  for (const metric of layout.histograms) {
    const definition = layout.definitions[metric];
    const { name, scale } = prometheusName(metric, definition);
    const gauge = meter.createObservableGauge(name, { description: inSeconds(definition.help, scale) });
    let before: Uint32Array | undefined;
    // The interface takes single values only; of a million a second we keep buckets. So: percentiles of each interval.
    gauge.addCallback((result) => {
      const buckets = counters.mergedHistogram(metric);
      const grown = new Histogram().add(toSparse(buckets, before));
      before = buckets;
      if (grown.count === 0) return;
      for (const percent of PERCENTILES) {
        result.observe(grown.percentile(percent) * scale, { role, quantile: String(percent / 100) });
      }
    });
  }
}
