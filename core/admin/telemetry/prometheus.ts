import type { Counters, MetricDefinition } from "../../counters/counters.ts";
import { bucketMax } from "../../counters/histogram.ts";
import { VERSION } from "../../base/version.ts";

/** The content type of the Prometheus text format. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What the process itself uses, beside its counters. */
export interface ProcessTotals {
  readonly role: string;
  /** CPU time since the start in ms. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** How a metric is called and counted for Prometheus, which wants base units. */
export interface PrometheusName {
  readonly name: string;
  /** What values are multiplied with. */
  readonly scale: number;
}

/** `framesIn` becomes `redpkt_frames_in_total`, `busyUs` becomes `redpkt_busy_seconds_total`. */
export function prometheusName(name: string, { kind }: MetricDefinition): PrometheusName {
  const [stem, scale] = name.endsWith("Us")
    ? [`${name.slice(0, -2)}Seconds`, 1e-6]
    : name.endsWith("Ms")
    ? [`${name.slice(0, -2)}Seconds`, 1e-3]
    : [name, 1];
  return { name: `redpkt_${snakeCase(stem)}${kind === "counter" ? "_total" : ""}`, scale };
}

/** Everything of a process in the Prometheus text format. */
export function prometheusText(counters: Counters, usage: ProcessTotals): string {
  const { layout } = counters;
  const lines: string[] = [];
  function head(name: string, kind: string, help: string): void {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
  }
  head("redpkt_build_info", "gauge", "Which program this is; always 1");
  lines.push(`redpkt_build_info{version="${VERSION}",role="${usage.role}",deno="${Deno.version.deno}"} 1`);
  head("process_cpu_seconds_total", "counter", "CPU time of the process in seconds, over all threads");
  lines.push(`process_cpu_seconds_total ${usage.cpuMs / 1000}`);
  head("process_resident_memory_bytes", "gauge", "Memory of the process that is in RAM, in bytes");
  lines.push(`process_resident_memory_bytes ${usage.rssBytes}`);
  for (const metric of layout.scalars) {
    const definition = layout.definitions[metric];
    const { name, scale } = prometheusName(metric, definition);
    head(name, definition.kind, inSeconds(definition.help, scale));
    lines.push(`${name} ${counters.total(metric) * scale}`);
  }
  for (const metric of layout.histograms) {
    const definition = layout.definitions[metric];
    const { name, scale } = prometheusName(metric, definition);
    head(name, "histogram", inSeconds(definition.help, scale));
    lines.push(...histogramLines(name, counters.mergedHistogram(metric), scale));
  }
  return lines.join("\n") + "\n";
}

/**
 * Edges of the buckets that Prometheus is told: two for every power of two, each an edge of ours too, so that its counts
 * are exact.
 */
const EDGES: readonly number[] = Array.from({ length: 22 }, (_, i) => i + 5).flatMap((octave) => [
  1.5 * 2 ** octave - 1,
  2 ** (octave + 1) - 1,
]);

function histogramLines(name: string, buckets: ArrayLike<number>, scale: number): string[] {
  const lines: string[] = [];
  let [at, count, sum] = [0, 0, 0];
  for (const edge of EDGES) {
    for (; at < buckets.length && bucketMax(at) <= edge; at++) {
      count += buckets[at];
      sum += buckets[at] * bucketMax(at);
    }
    lines.push(`${name}_bucket{le="${decimal(edge * scale)}"} ${count}`);
  }
  for (; at < buckets.length; at++) {
    count += buckets[at];
    sum += buckets[at] * bucketMax(at);
  }
  // Buckets know no exact sum: each value counts as the upper edge of its bucket, at most 3.2 % too much.
  return [
    ...lines,
    `${name}_bucket{le="+Inf"} ${count}`,
    `${name}_sum ${sum * scale}`,
    `${name}_count ${count}`,
  ];
}

/** Digits only: `4.7e-5` is read as well, but no person looks for it. */
function decimal(value: number): string {
  return value.toFixed(6).replace(/0+$/, "").replace(/\.$/, "");
}

/** Help texts name the unit that is counted in; here it is another. */
export function inSeconds(help: string, scale: number): string {
  return scale === 1
    ? help
    : help.replace(/(?:micro|milli)(?=seconds)/, "").replace(/(?:Micro|Milli)s(?=econds)/, "S");
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
