import { z } from "zod";
import type { Route } from "../../admin/api.ts";
import { telemetryRoutes } from "../../admin/telemetry/telemetry.ts";
import type { Counters } from "../../counters/counters.ts";
import type { Series } from "../../counters/series.ts";
import { type Behaviour, behaviourSchema } from "../population/behaviour.ts";
import type { FleetOrder } from "../population/fleet_order.ts";

/** What a fleet is and does, for `GET /status`. */
export interface FleetStatus {
  readonly users: number;
  readonly total: number;
  /** As `3/17`. */
  readonly segment: string;
  readonly engine: string;
  readonly workers: number;
  readonly pacing: string;
  readonly qps: number;
  readonly paused: boolean;
  readonly stopping: boolean;
}

/** What the control API may do to a fleet. */
export interface FleetControl {
  readonly counters: Counters;
  readonly series: Series;
  status(): FleetStatus;
  /** Resolves once the fleet's threads have been told. */
  order(order: FleetOrder): Promise<void>;
}

/** The routes of the control API. */
export function controlRoutes(control: FleetControl): Route[] {
  const { counters, series } = control;
  const simple = (order: "pause" | "resume" | "stop", summary: string): Route => ({
    method: "post",
    path: `/${order}`,
    summary,
    handle: () => control.order({ order }),
  });
  return [
    {
      method: "get",
      path: "/health",
      summary: "Answers while the process is alive",
      handle: () => ({ ok: true }),
    },
    {
      method: "get",
      path: "/status",
      summary: "What the fleet is, and how many of its users are connected and ready",
      handle: () => ({
        ...control.status(),
        connected: counters.total("usersConnected"),
        ready: counters.total("usersReady"),
        outstanding: counters.total("shakesOutstanding"),
        behaving: counters.total("usersBehaving"),
        misbehaving: counters.total("badConnected"),
        openClaims: counters.total("claimsSent") - counters.total("claimsAnswered") -
          counters.total("claimsLost"),
        openSends: counters.total("sendsSent") - counters.total("sendsDone") -
          counters.total("sendsRefused") - counters.total("sendsBusy") - counters.total("sendsLost"),
      }),
    },
    {
      method: "post",
      path: "/rate",
      summary: "Changes the shakes a second of all users together, from now on",
      body: z.strictObject({ qps: z.number().int().min(0).max(100_000_000) }),
      handle: ({ body }) => control.order({ order: "rate", qps: (body as { qps: number }).qps }),
    },
    {
      method: "post",
      path: "/behaviour",
      summary: "Changes what users do besides shaking, from now on; what is left out has its default",
      body: behaviourSchema,
      handle: ({ body }) => control.order({ order: "behave", behaviour: body as Behaviour }),
    },
    {
      method: "post",
      path: "/wave",
      summary:
        "Says whether a wave is on: outside one, users at their own pace are told nothing without a request",
      body: z.strictObject({ open: z.boolean() }),
      handle: ({ body }) => control.order({ order: "wave", isOpen: (body as { open: boolean }).open }),
    },
    simple("pause", "Stops shaking; connections stay"),
    simple("resume", "Shakes again, at the present rate"),
    simple("stop", "Stops shaking, waits up to 2 s for answers, closes everything and ends the process"),
    ...telemetryRoutes(series, counters),
  ];
}
