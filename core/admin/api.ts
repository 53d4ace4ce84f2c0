import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { z } from "zod";
import type { AdminAction } from "../counters/series.ts";
import { actionText, whoOf } from "./action.ts";
import { type PluginRoute, RouteError } from "../plugin/plugin.ts";

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
  /** If set, every route needs it as a bearer token. */
  readonly token?: string | undefined;
  /** Told of everything that was done, when it was done: all requests but those that only ask. */
  readonly onAction?: ((action: Omit<AdminAction, "atMs">) => void) | undefined;
}

/**
 * Makes an HTTP API out of a table of routes: bodies are checked by zod with all errors at once, and
 * `GET /openapi.json` describes the same table.
 */
export function buildApi(options: ApiOptions): { fetch(request: Request): Response | Promise<Response> } {
  const app = new Hono();
  if (options.token !== undefined) app.use(bearerAuth({ token: options.token }));
  for (const route of options.routes) {
    app.on(route.method.toUpperCase(), route.path, async (context) => {
      const raw = await context.req.text();
      const body = readBody(route, raw);
      if (body.errors !== undefined) return context.json({ errors: body.errors }, 400);
      const header = (name: string) => context.req.header(name);
      const result = await route.handle({ body: body.value, header });
      if (route.method !== "get") {
        options.onAction?.({ text: actionText(route.path, body.value), ...whoOf(header) });
      }
      return result instanceof Response ? result : context.json(result ?? { ok: true });
    });
  }
  app.get("/openapi.json", (context) => context.json(openApi(options)));
  app.notFound((context) =>
    context.json({ errors: [`no route ${context.req.method} ${context.req.path}: see /openapi.json`] }, 404)
  );
  app.onError((error, context) => {
    if (error instanceof RouteError) return context.json({ errors: [error.message] }, error.status);
    if ("getResponse" in error) return error.getResponse(); // hono's own refusals, such as a missing token
    throw error;
  });
  return app;
}

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
    errors: result.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`),
  };
}

/** Of a route that places an order. */
const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "Names the order: the same key with the same body is the same order, also after a restart. " +
    "It belongs to this route. Without it every request is an order of its own",
  schema: { type: "string", minLength: 1, maxLength: 1024 },
};
const ORDER_RESPONSES = {
  "409": { description: "the Idempotency-Key came with another body before; nothing was ordered" },
  "503": { description: "nothing can be ordered now, and nothing was: try again with the same key" },
};

function openApi({ title, version, routes, token }: ApiOptions): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, summary, body, isOrder = false } of routes) {
    paths[path] ??= {};
    paths[path][method] = {
      summary,
      ...(isOrder ? { parameters: [IDEMPOTENCY_KEY] } : {}),
      ...(body === undefined ? {} : {
        requestBody: {
          required: true,
          content: { "application/json": { schema: z.toJSONSchema(body, { io: "input" }) } },
        },
      }),
      responses: {
        "200": { description: "done" },
        ...(body === undefined ? {} : { "400": { description: "the body is wrong; every error is listed" } }),
        ...(isOrder ? ORDER_RESPONSES : {}),
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: { title, version },
    ...(token === undefined ? {} : {
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{ token: [] }],
    }),
    paths,
  };
}
