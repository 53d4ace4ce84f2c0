import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import type { FindOutcome, Gateway, PaymentOrder, PayOutcome } from "./gateway.ts";
import type { HttpAnswer } from "./http_connection.ts";
import { HttpConnections, type NoAnswer } from "./http_connections.ts";
import { decided, notFound, PAYMENTS_PATH } from "./messages.ts";
import { Header, signRequest } from "./signature.ts";

/** An answer has no reason to be longer, in bytes. */
const MAX_ANSWER_BYTES = 16_384;

/** Statuses by which a gateway says that it did nothing with the request, and will do nothing. */
const NOT_TAKEN: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 411, 413, 415, 422, 429, 503]);

/** What a header may hold; see `isSendable`. */
const PRINTABLE = /^[\x20-\x7e]*$/;
const encoder = new TextEncoder();

/** Whether payments of an event can be ordered over HTTP: every key begins with its name. */
export function isSendable(event: string): boolean {
  return PRINTABLE.test(event);
}

export interface HttpGatewayOptions {
  /** Where it is, such as `https://bank.example/redpkt`; a path in it stands in front of ours. */
  readonly url: URL;
  readonly key: Uint8Array;
  readonly clock: Clock;
  /** How long one call may take, in ms. */
  readonly timeoutMs: number;
  /** Certificates in PEM of who else may vouch for it. */
  readonly caCerts?: readonly string[] | undefined;
  /** Connections that are kept between calls. */
  readonly connections: number;
}

/** A gateway over HTTP, as docs/gateway.md specifies it. It retries nothing: the queue in the books does, durably. */
export class HttpGateway implements Gateway {
  readonly #options: HttpGatewayOptions;
  readonly #connections: HttpConnections;
  readonly #path: string;

  constructor(options: HttpGatewayOptions) {
    const { url, caCerts, connections: most, timeoutMs } = options;
    this.#options = options;
    this.#path = url.pathname.replace(/\/+$/, "") + PAYMENTS_PATH;
    this.#connections = new HttpConnections({
      url,
      caCerts,
      most,
      timeoutMs,
      maxBodyBytes: MAX_ANSWER_BYTES,
    });
  }

  async pay(order: PaymentOrder): Promise<PayOutcome> {
    const { key, user, amountFen } = order;
    const answer = await this.#ask("POST", this.#path, key, JSON.stringify({ key, user, amountFen }));
    if ("failure" in answer) {
      return { kind: answer.wasSent ? "unknown" : "notTaken", reason: answer.failure };
    }
    const { status } = answer;
    const body = jsonOf(answer.text);
    const waitMs = retryAfterMs(answer);
    if (status === 200) return decisionOf(order, body);
    const reason = `the gateway answers ${status}${errorIn(body)}`;
    if (!NOT_TAKEN.has(status)) return { kind: "unknown", reason };
    return { kind: "notTaken", reason, ...(waitMs === undefined ? {} : { waitMs }) };
  }

  async find(order: PaymentOrder): Promise<FindOutcome> {
    const answer = await this.#ask("GET", `${this.#path}/${encodeURIComponent(order.key)}`, order.key, "");
    if ("failure" in answer) return { kind: "unknown", reason: answer.failure };
    const { status } = answer;
    const body = jsonOf(answer.text);
    const waitMs = retryAfterMs(answer);
    if (status === 200) return decisionOf(order, body);
    // A 404 of some other server must not look as if the gateway had never heard of a payment.
    if (status === 404 && notFound.safeParse(body).data?.key === order.key) return { kind: "notFound" };
    const reason = `the gateway answers ${status}${errorIn(body)}`;
    return { kind: "unknown", reason, ...(waitMs === undefined ? {} : { waitMs }) };
  }

  close(): void {
    this.#connections.close();
  }

  #ask(method: "GET" | "POST", path: string, key: string, body: string): Promise<HttpAnswer | NoAnswer> {
    const { url, clock } = this.#options;
    const timestamp = String(Math.floor(clock.wallMs()));
    const signature = signRequest(this.#options.key, { method, path, timestamp, body });
    const bytes = encoder.encode(body);
    const head = [
      `${method} ${path} HTTP/1.1`,
      `host: ${url.host}`,
      `${Header.key}: ${key}`,
      `${Header.timestamp}: ${timestamp}`,
      `${Header.signature}: ${signature}`,
      "accept-encoding: identity", // what is small on the wire must be small
      ...(method === "POST" ? ["content-type: application/json", `content-length: ${bytes.length}`] : []),
    ];
    assert(head.every((line) => PRINTABLE.test(line)), "a header holds one line of ASCII");
    return this.#connections.ask(encoder.encode(`${head.join("\r\n")}\r\n\r\n${body}`));
  }
}

/** What a gateway has decided, if the answer is about this order and no other. */
function decisionOf(order: PaymentOrder, body: unknown): PayOutcome & FindOutcome {
  const { data } = decided.safeParse(body);
  if (data === undefined) return { kind: "unknown", reason: "the gateway's answer isn't in the contract" };
  if (data.key !== order.key || data.user !== order.user || data.amountFen !== order.amountFen) {
    return {
      kind: "unknown",
      reason: `the gateway knows ${data.key} as ${data.amountFen} fen to user ${data.user}`,
    };
  }
  return data.outcome === "paid" ? { kind: "paid" } : { kind: "refused", reason: data.reason ?? "" };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What else a refusal says, cut to a line. */
function errorIn(body: unknown): string {
  const errors = (body as { errors?: unknown } | undefined)?.errors;
  return Array.isArray(errors) ? `: ${String(errors[0]).slice(0, 200)}` : "";
}

function retryAfterMs({ header }: HttpAnswer): number | undefined {
  const seconds = header("retry-after");
  return seconds !== undefined && /^\d{1,5}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}
