import { isLoopbackHost, nameOfHost } from "./host_name.ts";
import type { HttpAddress } from "./serve.ts";
import { problem } from "./problem.ts";

/** Most bytes of a request's body. */
export const MOST_BODY_BYTES = 1 << 20;

/** Who may ask an HTTP API, and how. */
export interface GuardRules {
  readonly address: HttpAddress;
  /** Names by which it may be called besides its addresses. */
  readonly names: readonly string[];
  /** Whether who asks may; absent: anybody who can reach the address. */
  readonly isKnown?: ((request: Request) => boolean) | undefined;
}

/** Returns the refusal of a request, or undefined if it may be answered. */
export type Guard = (request: Request, localAddress?: string) => Response | undefined;

/**
 * The one guard of every HTTP API. It looks at the head of a request, before any of its body is read.
 *
 * Others' pages run in the browsers of those who may reach an API. Such a page can send to any address, and read what
 * comes back where a name of its own leads here; it can't choose Host, Origin and Sec-Fetch-Site, send JSON without
 * being asked first, or know a token.
 */
export function makeGuard({ address, names, isKnown }: GuardRules): Guard {
  const known = new Set([address.hostname.toLowerCase(), ...names]);
  return function guard(request, localAddress) {
    const { headers } = request;
    const host = headers.get("host") ?? "";
    const name = nameOfHost(host);
    if (name === undefined || !(isLoopbackHost(name) || known.has(name) || name === localAddress)) {
      const given = JSON.stringify(host.slice(0, 100));
      return problem(
        403,
        `this API is not called ${given}: ask for the address that it listens on, or start it with --allow-host NAME`,
      );
    }
    if (!isOwnPage(headers, host) || !isOwnSite(request)) {
      return problem(403, "a page of another site may not ask this API: use its own page, or a program");
    }
    if (isKnown !== undefined && !isKnown(request)) {
      return problem(
        401,
        "a token is wanted: send the header Authorization: Bearer TOKEN with the TOKEN of REDPKT_TOKEN",
        { "www-authenticate": "Bearer" },
      );
    }
    return refuseBody(request);
  };
}

/** Whether the page that asks came from here, if a page asks. */
function isOwnPage(headers: Headers, host: string): boolean {
  const origin = headers.get("origin");
  if (origin === null) return true;
  // Behind a proxy that speaks TLS a page's own origin is https.
  if (!/^https?:\/\/[^/?#@\\,\s]+$/i.test(origin) || !URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  return from === new URL(`${protocol}//${host}`).host;
}

/**
 * The same as browsers have said it since 2023, of reads too. Whoever follows a link from elsewhere sees the answer; the
 * page that has the link doesn't.
 */
function isOwnSite({ method, headers }: Request): boolean {
  const site = headers.get("sec-fetch-site") ?? "none";
  if (site === "none" || site === "same-origin") return true;
  return method === "GET" && headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document";
}

function refuseBody({ method, headers }: Request): Response | undefined {
  const length = headers.get("content-length") ?? "0";
  const transfer = headers.get("transfer-encoding");
  const hasBody = length !== "0" || transfer !== null;
  if (hasBody && method === "GET") return problem(400, "a request that only asks takes no body: send none");
  const type = headers.get("content-type");
  if ((hasBody || type !== null) && !isJson(type ?? "")) {
    return problem(415, "a body must be JSON: send the header Content-Type: application/json (curl: --json)");
  }
  const isPlain = !headers.has("content-encoding") && (transfer ?? "chunked").toLowerCase() === "chunked";
  if (!isPlain) return problem(415, "a body must not be compressed: send it as it is");
  return Number(length) <= MOST_BODY_BYTES ? undefined : tooLarge();
}

/** JSON is UTF-8, whatever else is said of it. */
function isJson(type: string): boolean {
  return /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type);
}

/** The refusal of a body that is too large. */
export function tooLarge(): Response {
  return problem(413, `a body has at most ${MOST_BODY_BYTES} bytes: send less at once`);
}
