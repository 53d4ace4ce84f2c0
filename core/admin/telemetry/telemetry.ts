import type { Counters } from "../../counters/counters.ts";
import type { Series, Snapshot } from "../../counters/series.ts";
import type { Log } from "../../cli/log.ts";
import type { ApiOptions, Route } from "../api.ts";
import { PROMETHEUS_TYPE, prometheusText } from "./prometheus.ts";

/**
 * The routes by which every process shows its counters.
 *
 * @param moreMetrics what is no counter, in the Prometheus text format
 */
export function telemetryRoutes(series: Series, counters: Counters, moreMetrics = () => ""): Route[] {
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
      handle: () =>
        new Response(prometheusText(counters, series.processTotals()) + moreMetrics(), {
          headers: { "content-type": PROMETHEUS_TYPE },
        }),
    },
  ];
}

/** What an operator did is logged, and told to whoever watches. */
export function tellAction(series: Series, log: Log): NonNullable<ApiOptions["onAction"]> {
  return (action) => {
    log("info", "action", { action: action.text, who: action.who });
    series.note(action);
  };
}

/** A fault of our own in a route is logged with its place. */
export function tellFault(log: Log): NonNullable<ApiOptions["onFault"]> {
  return (error) => log("error", "route failed", { error: error.stack ?? String(error) });
}

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
