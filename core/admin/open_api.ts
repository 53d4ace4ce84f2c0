import { z } from "zod";
import type { ApiOptions } from "./api.ts";
import { MOST_BODY_BYTES } from "./guard.ts";

/** What any request may be answered with instead, by status. */
const REFUSALS: Readonly<Record<string, string>> = {
  400: "The request is wrong; every error is listed",
  401: "The token is missing or wrong",
  403: "Asked by a name that isn't this API's, or by a page of another site",
  405: "The route takes another method",
  408: "The request was not whole in time",
  413: `The body has more than ${MOST_BODY_BYTES} bytes`,
  415: "The body is no JSON, or compressed",
  431: "The headers are too long",
  500: "A fault of the program",
  503: "Not now: it starts, drains, or has as many streams as may be",
};
const TOKEN_STATUS = "401";

/** Of a route that places an order. */
const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "Names the order: the same key with the same body is the same order, also after a restart. " +
    "It belongs to this route. Without it every request is an order of its own",
  schema: { type: "string", minLength: 1, maxLength: 1024 },
};
const ORDER_REFUSALS: Readonly<Record<string, string>> = {
  409: "The Idempotency-Key came with another body before; nothing was ordered",
  503: "Nothing can be ordered now, and nothing was: try again with the same key",
};

/** The description of an API, as OpenAPI 3.1 has it. */
export function openApi({ title, version, routes, wantsToken = false }: ApiOptions): unknown {
  const refusals = Object.keys(REFUSALS).filter((status) => wantsToken || status !== TOKEN_STATUS);
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
        ...Object.fromEntries(
          refusals.map((status) => [status, { $ref: `#/components/responses/${status}` }]),
        ),
        ...(isOrder
          ? Object.fromEntries(Object.entries(ORDER_REFUSALS).map(([status, why]) => [status, refusal(why)]))
          : {}),
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: { title, version },
    components: {
      schemas: { Problem: PROBLEM },
      responses: Object.fromEntries(refusals.map((status) => [status, refusal(REFUSALS[status])])),
      ...(wantsToken ? { securitySchemes: { token: { type: "http", scheme: "bearer" } } } : {}),
    },
    ...(wantsToken ? { security: [{ token: [] }] } : {}),
    paths,
  };
}

const PROBLEM = {
  type: "object",
  description: "Why it was not done, and what to do, a line each",
  properties: { errors: { type: "array", items: { type: "string" }, minItems: 1 } },
  required: ["errors"],
};

function refusal(description: string): unknown {
  return {
    description,
    content: { "application/json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
}
