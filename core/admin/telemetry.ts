import type { Counters } from "../counters/counters.ts";
import { Histogram, toSparse } from "../counters/histogram.ts";
import type { Series, Snapshot } from "../counters/series.ts";
import type { Route } from "./api.ts";

/** The routes by which every process shows its counters. */
export function telemetryRoutes(series: Series, counters: Counters): Route[] {
  return [
    {
      method: "get",
      path: "/counters",
      summary: "Every counter, gauge and histogram since the start, read now",
      handle: () => series.totals(),
    },
    {
      method: "get",
      path: "/snapshots",
      summary: "The snapshots of the last 10 minutes, oldest first",
      handle: () => series.kept,
    },
    {
      method: "get",
      path: "/stream",
      summary: "Server-sent events: one `snapshot` each second; Last-Event-ID brings what was missed since",
      handle: ({ header }) => snapshotStream(series, header("last-event-id")),
    },
    {
      method: "get",
      path: "/metrics",
      summary: "Everything in the Prometheus text format",
      handle: () => new Response(prometheusText(counters), { headers: { "content-type": PROMETHEUS_TYPE } }),
    },
  ];
}

const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

function snapshotStream(series: Series, lastEventId: string | undefined): Response {
  let unsubscribe = () => {};
  const body = new ReadableStream<string>({
    start(controller) {
      controller.enqueue(": one snapshot each second\n\n");
      const missedAfter = /^\d+$/.test(lastEventId ?? "") ? Number(lastEventId) : Infinity;
      for (const snapshot of series.kept) {
        if (snapshot.second > missedAfter) controller.enqueue(snapshotEvent(snapshot));
      }
      unsubscribe = series.subscribe((snapshot) => {
        // A reader that doesn't keep up misses seconds rather than filling our memory.
        if ((controller.desiredSize ?? 0) < -MOST_UNREAD_EVENTS) return;
        controller.enqueue(snapshotEvent(snapshot));
      }, () => controller.close());
    },
    cancel: () => unsubscribe(),
  });
  return new Response(body.pipeThrough(new TextEncoderStream()), {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

function snapshotEvent(snapshot: Snapshot): string {
  return `event: snapshot\nid: ${snapshot.second}\ndata: ${JSON.stringify(snapshot)}\n\n`;
}

const MOST_UNREAD_EVENTS = 30;

/** Quantiles of histograms that Prometheus is told, in per cent. */
const QUANTILES = [50, 90, 99, 99.9];

/** The counters in the Prometheus text format; `shakeWon` becomes `redpkt_shake_won_total`. */
export function prometheusText(counters: Counters): string {
  const { layout } = counters;
  const lines: string[] = [];
  for (const name of layout.scalars) {
    const { kind, help } = layout.definitions[name];
    const metric = `redpkt_${snakeCase(name)}${kind === "counter" ? "_total" : ""}`;
    lines.push(`# HELP ${metric} ${help}`, `# TYPE ${metric} ${kind}`, `${metric} ${counters.total(name)}`);
  }
  for (const name of layout.histograms) {
    const metric = `redpkt_${snakeCase(name)}`;
    const histogram = new Histogram().add(toSparse(counters.mergedHistogram(name)));
    lines.push(`# HELP ${metric} ${layout.definitions[name].help}`, `# TYPE ${metric} summary`);
    for (const percent of QUANTILES) {
      lines.push(`${metric}{quantile="${percent / 100}"} ${histogram.percentile(percent)}`);
    }
    lines.push(`${metric}_count ${histogram.count}`);
  }
  return lines.join("\n") + "\n";
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
