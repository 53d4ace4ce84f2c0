import { HTTP_METRICS } from "../../admin/http_metrics.ts";
import type { Counters, MetricDefinition } from "../../counters/counters.ts";
import { closedMetric } from "../../set/common/metrics.ts";
import { CLOSE_CODES } from "../../wire/codes.ts";

const counter = (help: string): MetricDefinition => ({ kind: "counter", help });
const gauge = (help: string): MetricDefinition => ({ kind: "gauge", help });

/** What a gateway counts. What a server counts too has the server's name. */
export const GATEWAY_METRICS = {
  connections: gauge("WebSockets that are open now"),
  users: gauge("Users that are logged in now"),
  connectionsOpened: counter("WebSockets that were opened"),
  connectionsClosed: counter("WebSockets that ended, for whatever reason"),
  logins: counter("Logins that servers have taken"),
  framesIn: counter("Whole frames that users sent"),
  framesOut: counter("Frames that were sent to users"),
  bytesIn: counter("Bytes of frames that users sent"),
  bytesOut: counter("Bytes of frames that were sent to users"),
  serversUp: gauge("Servers that can be reached, as far as is known"),
  serversDown: gauge("Servers that could not be reached when they were last tried"),
  serverDials: counter("Connections that were begun to servers"),
  serverDialsFailed: counter("Connections to servers that did not come up"),
  serverClosed: counter("Users whose server ended their connection"),
  peerEnded: counter("Users who ended their connection"),
  refusedOrigin: counter("Upgrades that were refused: a page of an origin that is not allowed"),
  refusedRate: counter("Upgrades that were refused by a plugin: too many a second, of one address or in all"),
  refusedFull: counter("Upgrades that were refused: no place left"),
  refusedDraining: counter("Upgrades that were refused: the gateway is about to stop"),
  refusedHandshake: counter("Upgrades that were refused: not as WebSockets have them"),
  hostListsTaken: counter("Newer host lists that this gateway goes by"),
  hostListsRefused: counter(
    "Host lists that don't count: damaged, forged, mistaken, older or another event's",
  ),
  tlsReloads: counter("Certificates that were taken anew while running"),
  ...HTTP_METRICS,
  ...Object.fromEntries(
    Object.entries(CLOSE_CODES).map(([name, [, when]]) => [
      closedMetric(name),
      counter(`Connections that this gateway closed for the reason ${name}: ${when}`),
    ]),
  ) as Record<`closed${string}`, MetricDefinition>,
} as const satisfies Record<string, MetricDefinition>;

export type GatewayMetric = keyof typeof GATEWAY_METRICS;

/** A handle for each metric, looked up once. */
export type GatewayHandles = Readonly<Record<GatewayMetric, number>>;

export function gatewayHandles({ layout }: Counters): GatewayHandles {
  return Object.fromEntries(layout.scalars.map((name) => [name, layout.handle(name)])) as GatewayHandles;
}
