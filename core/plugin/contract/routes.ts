import type { z } from "zod";

/** An HTTP route that a plugin adds to the admin API. */
export interface PluginRoute {
  readonly method: "get" | "post" | "put" | "delete";
  /** Begins with `/`. */
  readonly path: string;
  readonly summary: string;
  /** Checked before `handle` is called; all errors are reported at once. */
  readonly body?: z.ZodType;
  /** It places an order, which an `Idempotency-Key` names; see `HostContext.placeOrder`. */
  readonly isOrder?: boolean;
  /** Returns what is sent as JSON; throws `RouteError` for a refusal. */
  handle(request: { body: unknown; header(name: string): string | undefined }): unknown;
}

/** A refusal of a route, with its HTTP status. */
export class RouteError extends Error {
  override name = "RouteError";
  constructor(readonly status: 400 | 404 | 409 | 422 | 503, message: string) {
    super(message);
  }
}
