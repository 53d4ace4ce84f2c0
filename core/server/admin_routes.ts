import { z } from "zod";
import type { Route } from "../admin/api.ts";
import { processRoutes } from "../admin/process_routes.ts";
import { telemetryRoutes } from "../admin/telemetry/telemetry.ts";
import { withoutPassword } from "../bus/open_bus.ts";
import { booksPlace } from "../books/open/open_books.ts";
import type { Series } from "../counters/series.ts";
import type { HostSettings } from "./worker/host_settings.ts";
import { LedgerState } from "../ledger/ring/ledger_board.ts";
import { describeCharts } from "../plugin/declared.ts";
import type { LoadedPlugin } from "../plugin/loader.ts";
import { formatAddress } from "../os/address.ts";
import { formatAddressRange } from "../os/address_ranges.ts";
import type { Clock } from "../base/clock.ts";
import { MoveScope } from "../wire/codes.ts";
import type { AccessHost } from "./host/access_host.ts";
import { moneyMetrics } from "./money/money_metrics.ts";
import { moneyRoute } from "./money/money_route.ts";
import { allowsVersion0, type ServerOptions } from "./options.ts";
import { orderRoutes } from "./host/order_routes.ts";

interface ServerParts {
  readonly access: AccessHost;
  readonly series: Series;
  readonly state: { isDraining: boolean };
  /** Begins the drain; the process ends after it. */
  readonly stop: (reason: string) => void;
  readonly settings: HostSettings;
  readonly options: ServerOptions;
  readonly plugins: readonly LoadedPlugin[];
  readonly startMs: number;
  readonly clock: Clock;
}

const moveBody = z.strictObject({
  /** Users a second. */
  perS: z.number().min(1).max(1_000_000).default(3_000),
  /** How long each may take from when they are told. */
  withinS: z.number().min(0).max(600).default(2),
  /** Whether its whole cluster is being left. */
  cluster: z.boolean().default(false),
});

/** The admin API of `redpkt server`: the host's own routes, and those of its plugins. */
export function serverRoutes(parts: ServerParts): Route[] {
  const { access, series } = parts;
  return [
    {
      method: "get",
      path: "/health",
      summary: "Whether the process lives, with its connections and what its plugins say",
      handle: () => health(parts),
    },
    {
      method: "get",
      path: "/config",
      summary: "The config in force, with every default",
      handle: () => config(parts),
    },
    {
      method: "get",
      path: "/charts",
      summary: "What its plugins add to the charts of a monitor",
      handle: () => describeCharts(parts.plugins.map(({ plugin }) => plugin)),
    },
    ...telemetryRoutes(series, access.counters, () => moneyMetrics(access.money)),
    moneyRoute(parts.options.ledger, access.money),
    {
      method: "post",
      path: "/move",
      summary: "Takes nobody new, and tells users to move to other hosts, so many a second; see redpkt drain",
      body: moveBody,
      handle: ({ body }) => {
        const { perS, withinS, cluster } = body as z.infer<typeof moveBody>;
        const scope = cluster ? MoveScope.cluster : MoveScope.host;
        access.move({ perS, withinMs: Math.round(withinS * 1000), scope });
        return { ok: true, users: access.counters.total("users") };
      },
    },
    ...processRoutes({
      summaries: {
        ready: "200 while new users are welcome, 503 while it drains, is full or may not award",
        drain: "Takes no new connections, answers waiting winners, then ends the process",
      },
      whyNotReady: () => whyNotReady(parts),
      stop: parts.stop,
    }),
    ...orderRoutes(access.halves.orders),
    ...access.halves.routes,
  ];
}

function whyNotReady({ access, state }: ServerParts): string | undefined {
  if (state.isDraining) return "draining";
  if (access.board.isLeaving) return "moving";
  if (access.board.isFull) return "full";
  const ledger = ledgerWords(access);
  return ledger === "ok" ? access.halves.whyNotReady() : `ledger ${ledger}`;
}

function health(
  { access, state, settings: { engine, workers }, options, startMs, clock }: ServerParts,
): unknown {
  return {
    status: state.isDraining ? "draining" : access.board.isLeaving ? "moving" : "ok",
    uptimeS: Math.round((clock.monotonicMs() - startMs) / 1000),
    engine,
    workers,
    port: access.port,
    connections: access.board.open,
    maxConnections: access.board.capacity,
    users: access.counters.total("users"),
    logins: {
      tokens: options["token-keys"] === undefined ? "unchecked: anybody can be any user" : "checked",
      version0: allowsVersion0(options) ? "on" : "off",
    },
    ledger: {
      status: ledgerWords(access),
      hostNumber: options["host-number"],
      ...(access.ledgerFailure === undefined ? {} : { reason: access.ledgerFailure }),
      rows: access.counters.total("ledgerRows"),
      ...(access.ledgerHead === undefined ? {} : { head: access.ledgerHead }),
      projectionLagMs: access.counters.total("projectionLagMs"),
    },
    ...(access.seed === undefined ? {} : { seed: access.seed.description }),
    ...(access.uplink === undefined ? {} : { books: booksHealth(access) }),
    plugins: access.halves.status(),
  };
}

function booksHealth({ uplink, counters }: AccessHost): unknown {
  const [lagRows, lagMs] = [counters.total("uplinkLagRows"), counters.total("uplinkLagMs")];
  return { ...uplink?.description, lagRows, lagMs };
}

function ledgerWords({ ledgerState }: AccessHost): string {
  switch (ledgerState) {
    case LedgerState.starting:
      return "starting";
    case LedgerState.failing:
      return "failing";
    default:
      return "ok";
  }
}

function config({ options, plugins }: ServerParts): unknown {
  return {
    server: {
      ...options,
      ...(options.books === undefined ? {} : { books: booksPlace(options.books) }),
      bus: options.bus.map(withoutPassword),
      version0: allowsVersion0(options) ? "on" : "off",
      host: formatAddress(options.host),
      "proxy-protocol": options["proxy-protocol"].map(formatAddressRange),
      admin: `${options.admin.hostname}:${options.admin.port}`,
    },
    plugins: Object.fromEntries(plugins.map(({ plugin, choice }) => [plugin.name, choice.config])),
  };
}
