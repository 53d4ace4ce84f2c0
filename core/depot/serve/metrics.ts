import { HTTP_METRICS } from "../../admin/http_metrics.ts";
import { type MetricDefinition, MetricLayout } from "../../counters/counters.ts";

const counter = (help: string): MetricDefinition => ({ kind: "counter", help });
const gauge = (help: string): MetricDefinition => ({ kind: "gauge", help });

export const DEPOT_METRICS = {
  depotBytesOut: counter("Bytes of chunks that were handed to the network"),
  depotChunksOut: counter("Answers with a chunk, or a part of one, that were sent whole"),
  depotBrokenOff: counter("Answers with a chunk whose peer left before their end"),
  depotUnchanged: counter("Requests for what their sender had already (304)"),
  depotManifests: counter("Times that the manifest was sent"),
  depotRefusedRate: counter("Requests that were told to come again since the cap was reached"),
  depotRefusedWindow: counter("Requests that were told to come again in the next window"),
  depotRefusedDraining: counter("Requests that were told to come again since the depot is about to stop"),
  depotNotFound: counter("Requests for what is not here"),
  depotCapBytesPerS: gauge("Most bytes in a second by the day plan, 0 outside its windows"),
  depotMostBytesInS: gauge("Most bytes of chunks in any second so far, wherever it begins"),
  depotSending: gauge("Answers with a chunk that are on their way"),
  depotManifestVersion: gauge("Version of the manifest that is served"),
} as const satisfies Record<string, MetricDefinition>;

export const depotLayout = new MetricLayout({ ...DEPOT_METRICS, ...HTTP_METRICS });
