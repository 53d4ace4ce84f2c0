import type { Route } from "../admin/api.ts";
import { telemetryRoutes } from "../admin/telemetry/telemetry.ts";
import type { Clock } from "../base/clock.ts";
import { VERSION } from "../base/version.ts";
import type { Series } from "../counters/series.ts";
import { formatAddress } from "../os/address.ts";
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
      path: "/ready",
      summary: "200 while new users are welcome, 503 while it drains, is full or reaches no server",
      handle: () => {
        const why = gateway.isDraining
          ? "draining"
          : gateway.relay.size >= parts.capacity
          ? "full"
          : gateway.hosts.up === 0
          ? "no server"
          : undefined;
        return Response.json({ ready: why === undefined, ...(why === undefined ? {} : { why }) }, {
          status: why === undefined ? 200 : 503,
        });
      },
    },
    {
      method: "get",
      path: "/version",
      summary: "Versions of the program and what it runs on",
      handle: () => ({ redpkt: VERSION, ...Deno.version, os: Deno.build.os, arch: Deno.build.arch }),
    },
    {
      method: "get",
      path: "/config",
      summary: "The config in force, with every default",
      handle: () => config(parts),
    },
    ...telemetryRoutes(series, gateway.counters),
    ...["/drain", "/stop"].map((path): Route => ({
      method: "post",
      path,
      summary: path === "/drain"
        ? "Takes no new connections, tells users to go elsewhere, then ends the process"
        : "The same as /drain",
      handle: () => {
        parts.stop(`admin ${path}`);
        return { ok: true };
      },
    })),
  ];
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
    servers: hosts.hosts.map(({ address, port }, i) => ({
      server: `${formatAddress(address)}:${port}`,
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
      server: server.map(({ address, port }) => `${formatAddress(address)}:${port}`),
    },
    plugins: Object.fromEntries(doorPlugins.map(({ name, config }) => [name, config])),
  };
}
