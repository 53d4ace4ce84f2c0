import type { Route } from "../admin/api.ts";
import { processRoutes } from "../admin/process_routes.ts";
import { telemetryRoutes } from "../admin/telemetry/telemetry.ts";
import type { Clock } from "../base/clock.ts";
import type { Series } from "../counters/series.ts";
import { formatServer } from "../os/server_addresses.ts";
import type { DoorPlugin } from "../plugin/doors.ts";
import type { GatewayFlags } from "./options.ts";
import type { RunningGateway } from "./running_gateway.ts";

interface GatewayRouteParts {
  readonly gateway: RunningGateway;
  readonly series: Series;
  readonly flags: GatewayFlags;
  readonly doorPlugins: readonly DoorPlugin[];
  readonly engine: string;
  readonly capacity: number;
  readonly clock: Clock;
  readonly startMs: number;
  /** Begins the drain; the process ends after it. */
  readonly stop: (reason: string) => void;
}

/** The admin API of `redpkt gateway`. */
export function gatewayRoutes(parts: GatewayRouteParts): Route[] {
  const { gateway, series } = parts;
  return [
    {
      method: "get",
      path: "/health",
      summary: "Whether the process lives, with its connections and servers",
      handle: () => health(parts),
    },
    {
      method: "get",
      path: "/config",
      summary: "The config in force, with every default",
      handle: () => config(parts),
    },
    ...telemetryRoutes(series, gateway.counters),
    ...processRoutes({
      summaries: {
        ready: "200 while new users are welcome, 503 while it drains, is full or reaches no server",
        drain: "Takes no new connections, tells users to go elsewhere, then ends the process",
      },
      whyNotReady: () => whyNotReady(parts),
      stop: parts.stop,
    }),
  ];
}

function whyNotReady({ gateway, capacity }: GatewayRouteParts): string | undefined {
  if (gateway.isDraining) return "draining";
  if (gateway.relay.size >= capacity) return "full";
  return gateway.hosts.up === 0 ? "no server" : undefined;
}

function health({ gateway, flags, engine, capacity, clock, startMs }: GatewayRouteParts): unknown {
  const { counters, hosts, address } = gateway;
  return {
    status: gateway.isDraining ? "draining" : "ok",
    uptimeS: Math.round((clock.monotonicMs() - startMs) / 1000),
    engine,
    port: address.port,
    tls: flags["tls-cert"] !== undefined,
    connections: counters.total("connections"),
    maxConnections: capacity,
    users: counters.total("users"),
    servers: hosts.all.map((i) => ({
      server: formatServer(hosts.addressOf(i)),
      up: hosts.isUp(i),
    })),
  };
}

function config({ flags, doorPlugins }: GatewayRouteParts): unknown {
  const { set: _, plugins: __, ...rest } = flags;
  const { listen, admin, server } = flags;
  return {
    gateway: {
      ...rest,
      listen: `${listen.hostname}:${listen.port}`,
      admin: `${admin.hostname}:${admin.port}`,
      server: server.map(formatServer),
    },
    plugins: Object.fromEntries(doorPlugins.map(({ name, config }) => [name, config])),
  };
}
