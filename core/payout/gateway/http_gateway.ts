import type { Clock } from "../../base/clock.ts";
import { after } from "../../base/clock.ts";
import type { FindOutcome, Gateway, PaymentOrder, PayOutcome } from "./gateway.ts";
import { decided, notFound, PAYMENTS_PATH } from "./messages.ts";
import { Header, signRequest } from "./signature.ts";

/** An answer has no reason to be longer, in bytes. */
const MAX_ANSWER_BYTES = 16_384;

/** Statuses by which a gateway says that it did nothing with the request, and will do nothing. */
const NOT_TAKEN: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 411, 413, 415, 422, 429, 503]);

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

/** What came over the wire: a whole answer, or why there is none. */
type Answer =
  | { readonly status: number; readonly body: unknown; readonly waitMs: number | undefined }
  | { readonly failure: string; readonly wasSent: boolean };

/** A gateway over HTTP, as docs/gateway.md specifies it. It retries nothing: the queue in the books does, durably. */
export class HttpGateway implements Gateway {
  readonly #options: HttpGatewayOptions;
  readonly #client: Deno.HttpClient;
  readonly #path: string;

  constructor(options: HttpGatewayOptions) {
    this.#options = options;
    this.#path = options.url.pathname.replace(/\/+$/, "") + PAYMENTS_PATH;
    this.#client = Deno.createHttpClient({
      poolMaxIdlePerHost: options.connections,
      http2: false, // one lost packet must not hold up all payments of a connection
      ...(options.caCerts === undefined ? {} : { caCerts: [...options.caCerts] }),
    });
  }

  async pay(order: PaymentOrder): Promise<PayOutcome> {
    const { key, user, amountFen } = order;
    const answer = await this.#ask("POST", this.#path, key, JSON.stringify({ key, user, amountFen }));
    if ("failure" in answer) {
      return { kind: answer.wasSent ? "unknown" : "notTaken", reason: answer.failure };
    }
    const { status, body, waitMs } = answer;
    if (status === 200) return decisionOf(order, body);
    const reason = `the gateway answers ${status}${errorIn(body)}`;
    if (!NOT_TAKEN.has(status)) return { kind: "unknown", reason };
    return { kind: "notTaken", reason, ...(waitMs === undefined ? {} : { waitMs }) };
  }

  async find(order: PaymentOrder): Promise<FindOutcome> {
    const answer = await this.#ask("GET", `${this.#path}/${encodeURIComponent(order.key)}`, order.key, "");
    if ("failure" in answer) return { kind: "unknown", reason: answer.failure };
    const { status, body, waitMs } = answer;
    if (status === 200) return decisionOf(order, body);
    // A 404 of some other server must not look as if the gateway had never heard of a payment.
    if (status === 404 && notFound.safeParse(body).data?.key === order.key) return { kind: "notFound" };
    const reason = `the gateway answers ${status}${errorIn(body)}`;
    return { kind: "unknown", reason, ...(waitMs === undefined ? {} : { waitMs }) };
  }

  close(): void {
    this.#client.close();
  }

  async #ask(method: "GET" | "POST", path: string, key: string, body: string): Promise<Answer> {
    const { url, clock, timeoutMs } = this.#options;
    const timestamp = String(Math.floor(clock.wallMs()));
    const signature = signRequest(this.#options.key, { method, path, timestamp, body });
    const abort = new AbortController();
    const cancel = after(timeoutMs, () => abort.abort());
    try {
      const response = await fetch(url.origin + path, {
        method,
        headers: {
          [Header.key]: key,
          [Header.timestamp]: timestamp,
          [Header.signature]: signature,
          "accept-encoding": "identity", // what is small on the wire must be small
          ...(method === "POST" ? { "content-type": "application/json" } : {}),
        },
        ...(method === "POST" ? { body } : {}),
        redirect: "manual", // a signed order goes to nobody else
        signal: abort.signal,
        client: this.#client,
      });
      const text = await readAnswer(response, abort);
      if (text === undefined) return { failure: "the gateway's answer is too long", wasSent: true };
      return { status: response.status, body: jsonOf(text), waitMs: retryAfterMs(response) };
    } catch (error) {
      if (abort.signal.aborted) return { failure: `no answer within ${timeoutMs} ms`, wasSent: true };
      const why = reasonOf(error);
      // Only who never had a connection has surely sent nothing.
      return { failure: why, wasSent: !why.includes("client error (Connect)") };
    } finally {
      cancel();
    }
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

/** The whole text, unless it is longer than an answer may be. */
async function readAnswer(response: Response, abort: AbortController): Promise<string | undefined> {
  // Nothing is unpacked, so what says how long it is has no more; and this costs a third of reading it in pieces.
  const length = Number(response.headers.get("content-length") ?? NaN);
  if (length <= MAX_ANSWER_BYTES) return await response.text();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) {
      abort.abort();
      return undefined;
    }
    chunks.push(chunk);
  }
  return await new Blob(chunks).text();
}

/** What the system says of a call that failed, in one line. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const words = cause instanceof Error ? cause.message : message;
  return words.replace(/^error sending request for url \([^)]*\): /, "");
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

function retryAfterMs({ headers }: Response): number | undefined {
  const seconds = headers.get("retry-after");
  return seconds !== null && /^\d{1,5}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}
