import { Hono } from "hono";
import type { AdminAction } from "../counters/series.ts";
import { actionText, whoOf } from "./action.ts";
import { type PluginRoute, RouteError } from "../plugin/plugin.ts";
import { openApi } from "./open_api.ts";
import { problem } from "./problem.ts";

/** A route of an admin API: a plugin's kind, plus what the core's own routes may answer. */
export interface Route extends PluginRoute {
  /** Returns what is sent as JSON, or a whole response. */
  handle(request: RouteRequest): unknown;
}

export interface RouteRequest {
  readonly body: unknown;
  header(name: string): string | undefined;
}

export interface ApiOptions {
  readonly title: string;
  readonly version: string;
  readonly routes: readonly Route[];
  /** Whether every route needs the token, for its description: the guard in front asks for it. */
  readonly wantsToken?: boolean;
  /** Told of what a route throws that is no refusal. */
  readonly onFault?: ((error: Error) => void) | undefined;
  /** Told of everything that was done, when it was done: all requests but those that only ask. */
  readonly onAction?: ((action: Omit<AdminAction, "atMs">) => void) | undefined;
}

/**
 * Makes an HTTP API out of a table of routes: bodies are checked by zod with all errors at once, and
 * `GET /openapi.json` describes the same table.
 */
export function buildApi(options: ApiOptions): { fetch(request: Request): Response | Promise<Response> } {
  const app = new Hono();
  for (const route of options.routes) {
    app.on(route.method.toUpperCase(), route.path, async (context) => {
      const raw = await context.req.text();
      const body = readBody(route, raw);
      if (body.errors !== undefined) return problem(400, body.errors);
      const header = (name: string) => context.req.header(name);
      const result = await route.handle({ body: body.value, header });
      if (route.method !== "get") {
        options.onAction?.({ text: actionText(route.path, body.value), ...whoOf(header) });
      }
      return result instanceof Response ? result : context.json(result ?? { ok: true });
    });
  }
  app.get("/openapi.json", (context) => context.json(openApi(options)));
  app.notFound(({ req: { method, path } }) => {
    const allow = options.routes.filter((route) => route.path === path).map((route) =>
      route.method.toUpperCase()
    );
    if (allow.length === 0) return problem(404, `no route ${method} ${path}: see /openapi.json`);
    return problem(405, `${path} takes ${allow.join(" and ")} only`, { allow: allow.join(", ") });
  });
  app.onError((error) => {
    if (error instanceof RouteError) return problem(error.status, error.message);
    options.onFault?.(error);
    return problem(500, "a fault of this program: its log says which");
  });
  return app;
}

/** Mistakes of a body that are told at once. */
const MOST_ERRORS = 100;

function readBody(route: Route, raw: string): { value?: unknown; errors?: string[] } {
  if (route.body === undefined) return {};
  let json: unknown;
  try {
    json = raw === "" ? {} : JSON.parse(raw);
  } catch (error) {
    return { errors: [`the body is no JSON: ${error instanceof Error ? error.message : error}`] };
  }
  const result = route.body.safeParse(json);
  if (result.success) return { value: result.data };
  return {
    errors: result.error.issues.slice(0, MOST_ERRORS).map(({ path, message }) =>
      `${path.join(".") || "body"}: ${message}`
    ),
  };
}
