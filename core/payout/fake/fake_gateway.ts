import { after, type Clock } from "../../base/clock.ts";
import type { PaymentOrder } from "../gateway/gateway.ts";
import { type Decided, PAYMENTS_PATH, payRequest } from "../gateway/messages.ts";
import { Header, signatureProblem } from "../gateway/signature.ts";
import type { GatewayFaults } from "./gateway_faults.ts";
import type { PaymentStore } from "./payment_store.ts";

const MAX_BODY_BYTES = 4_096;
/** How long an order that isn't answered keeps its connection, in ms: callers should have given up. */
const HANG_MS = 30_000;
/** Orders that wait for one commit. */
const MAX_PER_COMMIT = 2_000;

export interface FakeGatewayOptions {
  readonly store: PaymentStore;
  readonly faults: GatewayFaults;
  readonly key: Uint8Array;
  readonly clock: Clock;
}

/** What it has done since its start. */
export interface GatewayCounts {
  orders: number;
  finds: number;
  unsigned: number;
  failed: number;
  unanswered: number;
}

interface Waiting {
  readonly order: PaymentOrder;
  readonly resolve: (decided: Decided) => void;
}

/**
 * A gateway for rehearsals: keeps the contract of docs/gateway.md, and does to callers what real ones do. An order is on
 * the disk before it is answered, so it may be killed at any time.
 */
export class FakeGateway {
  readonly counts: GatewayCounts = { orders: 0, finds: 0, unsigned: 0, failed: 0, unanswered: 0 };
  readonly #options: FakeGatewayOptions;
  #waiting: Waiting[] = [];
  readonly #hanging = new Set<() => void>();

  constructor(options: FakeGatewayOptions) {
    this.#options = options;
  }

  /** Answers a request. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const length = Number(request.headers.get("content-length") ?? "0");
    if (!(length <= MAX_BODY_BYTES)) return problem(413, `a body has at most ${MAX_BODY_BYTES} bytes`);
    if (request.headers.has("transfer-encoding")) return problem(411, "say how long the body is");
    const body = request.method === "POST" ? await request.text() : "";
    const signed = {
      method: request.method,
      path: pathname + search,
      timestamp: request.headers.get(Header.timestamp) ?? "",
      body,
    };
    const { key, clock } = this.#options;
    const signature = request.headers.get(Header.signature) ?? "";
    const why = signatureProblem(key, signed, signature, clock.wallMs());
    if (why !== undefined) {
      this.counts.unsigned++;
      return problem(401, why);
    }
    if (request.method === "POST" && pathname === PAYMENTS_PATH) return await this.#pay(request, body);
    if (request.method === "GET" && pathname.startsWith(`${PAYMENTS_PATH}/`)) return this.#find(pathname);
    return problem(404, `there are POST ${PAYMENTS_PATH} and GET ${PAYMENTS_PATH}/KEY`);
  };

  /** Lets everybody go who waits for nothing. */
  stop(): void {
    for (const resolve of this.#hanging) resolve();
  }

  async #pay(request: Request, body: string): Promise<Response> {
    const { success, data: order } = payRequest.safeParse(jsonOf(body));
    if (!success) return problem(422, "a body has the fields key, user and amountFen");
    if (request.headers.get(Header.key) !== order.key) {
      return problem(422, `${Header.key} must be the key of the body`);
    }
    this.counts.orders++;
    const fault = this.#options.faults.draw();
    if (fault === "fail") {
      this.counts.failed++;
      return problem(503, "the fake gateway fails as it was told", { "retry-after": "0" });
    }
    if (fault === "timeoutBefore") return await this.#hang();
    const known = await this.#take(order);
    if (fault === "timeoutAfter") return await this.#hang();
    if (known.user !== order.user || known.amountFen !== order.amountFen) {
      return problem(409, `the key is of ${known.amountFen} fen to user ${known.user}`);
    }
    return Response.json(known);
  }

  #find(pathname: string): Response {
    this.counts.finds++;
    const key = decoded(pathname.slice(PAYMENTS_PATH.length + 1));
    const known = this.#options.store.find(key);
    return known === undefined
      ? Response.json({ key, outcome: "notFound" }, { status: 404 })
      : Response.json(known);
  }

  /** Many orders share a commit: what came since the last one. */
  #take(order: PaymentOrder): Promise<Decided> {
    return new Promise((resolve) => {
      this.#waiting.push({ order, resolve });
      if (this.#waiting.length === 1) after(0, () => this.#commit());
    });
  }

  #commit(): void {
    const { store, faults, clock } = this.#options;
    const batch = this.#waiting.splice(0, MAX_PER_COMMIT);
    if (this.#waiting.length > 0) after(0, () => this.#commit());
    const decide = () =>
      faults.refuses()
        ? { outcome: "refused" as const, reason: "the fake gateway refuses as it was told" }
        : { outcome: "paid" as const, reason: "" };
    const decided = store.commit(() => batch.map(({ order }) => store.take(order, decide, clock.wallMs())));
    for (const [i, { resolve }] of batch.entries()) resolve(decided[i]);
  }

  /** Doesn't answer. That the caller has gone can't be seen here. */
  async #hang(): Promise<Response> {
    this.counts.unanswered++;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = after(HANG_MS, resolve);
    this.#hanging.add(resolve);
    await promise;
    this.#hanging.delete(resolve);
    cancel();
    return problem(504, "the fake gateway doesn't answer as it was told");
  }
}

function problem(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ errors: [error] }, { status, headers });
}

/** A part of a path as text; as it stands if it is no such text. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
