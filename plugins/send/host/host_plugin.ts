import {
  type HostContext,
  type PlacedOrder,
  type PluginControl,
  type PluginRoute,
  RouteError,
} from "../../../core/plugin/plugin.ts";
import { Funding, fundSchema, fundsOf } from "./funding.ts";
import { groupRoutes } from "./groups.ts";
import { type FixedSends, HostSends, hostSendsSchema } from "./host_sends.ts";
import type { SendConfig } from "../common/config.ts";

const FUND = "POST /fund";
const SENDS = "POST /sends";

/** How often what is due is sent, in ms. */
const SEND_MS = 5;
/** How often it looks whether the ledger is ready, in ms. */
const LOOK_MS = 20;
/** How long a request for money waits for the last user to have it. */
const FUND_WAIT_MS = 2_000;

/** The half of `send` on the main thread: groups, money for rehearsals, and the sends that the host itself makes. */
export class SendHost implements PluginControl {
  readonly routes: readonly PluginRoute[];
  readonly #host: HostContext;
  readonly #config: SendConfig;
  readonly #sends: HostSends[] = [];
  readonly #fundings = new Map<number, Funding>();
  /** Requests that wait for a funding. */
  #waiting: { readonly isMet: () => boolean; readonly untilMs: number; readonly resolve: () => void }[] = [];
  #hasResumed = false;
  #isDraining = false;

  constructor(host: HostContext, config: SendConfig) {
    this.#host = host;
    this.#config = config;
    const checkReady = () => this.#checkReady();
    this.routes = [...groupRoutes(host, checkReady), {
      method: "post",
      path: "/fund",
      summary: "Gives each user of a range money to send, and tells after 2 s at most how many have it",
      body: fundSchema,
      isOrder: true,
      handle: ({ body, header }) => this.#fund(body, header("idempotency-key")),
    }, {
      method: "get",
      path: "/fund",
      summary: "Every order of money for users, and how many have it",
      handle: () => ({ fundings: Array.from(this.#fundings.values(), describe) }),
    }, {
      method: "post",
      path: "/sends",
      summary: "Lets the host itself send packets, each to three users of a range",
      body: hostSendsSchema,
      isOrder: true,
      handle: ({ body, header }) => this.#startSends(body, header("idempotency-key")),
    }, {
      method: "get",
      path: "/sends",
      summary: "What was sent and claimed so far",
      handle: () => this.status(),
    }];
  }

  status(): Record<string, number> {
    const total = (name: string) => this.#host.total(name);
    return {
      packets: total("sendPackets"),
      hostPackets: total("sendHostPackets"),
      claimsPaid: total("sendClaimsPaid"),
      claimedFen: total("sendClaimedFen"),
      returnedFen: total("sendReturnedFen"),
      notices: total("sendNotices"),
    };
  }

  onTick(nowMs: number): number {
    if (this.#isDraining) return Infinity;
    this.#resume();
    if (!this.#hasResumed) return nowMs + LOOK_MS;
    this.#waiting = this.#waiting.filter(({ isMet, untilMs, resolve }) => {
      const isOver = isMet() || nowMs >= untilMs;
      if (isOver) resolve();
      return !isOver;
    });
    for (const sends of this.#sends) sends.tick(nowMs);
    const isQuiet = this.#waiting.length === 0 && this.#sends.every(({ isDone }) => isDone);
    return isQuiet ? Infinity : nowMs + SEND_MS;
  }

  onDrain(): void {
    this.#isDraining = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** Goes on with what was ordered before this start, once the ledger tells of it. */
  #resume(): void {
    if (this.#hasResumed || !this.#host.isLedgerReady()) return;
    this.#hasResumed = true;
    for (const order of this.#host.orders()) if (order.before !== undefined) this.#begin(order);
  }

  #begin(order: PlacedOrder): void {
    if (order.route === SENDS) {
      this.#sends.push(new HostSends(this.#host, this.#config, order));
      return;
    }
    const funding = new Funding(this.#host, order);
    this.#fundings.set(order.number, funding);
    void funding.run(() => this.#isDraining);
  }

  async #fund(body: unknown, key: string | undefined): Promise<unknown> {
    const { order, isRepeated } = await this.#host.placeOrder(
      { route: FUND, key, body },
      () => ({ funds: fundsOf(body) }),
    );
    this.#resume();
    if (!isRepeated) this.#begin(order);
    const { promise, resolve } = Promise.withResolvers<void>();
    const untilMs = this.#host.monotonicMs() + FUND_WAIT_MS;
    this.#waiting.push({ isMet: () => order.state !== "running", untilMs, resolve });
    this.#host.wakeUp();
    if (!this.#isDraining) await promise;
    if (order.state === "failed") {
      throw new RouteError(422, `order ${order.number} has failed: see GET /orders`);
    }
    return { ...describe(this.#fundings.get(order.number)!), repeated: isRepeated };
  }

  async #startSends(body: unknown, key: string | undefined): Promise<unknown> {
    const fix = () => ({ fixed: { seed: this.#host.random.uint32() } satisfies FixedSends });
    const { order, isRepeated } = await this.#host.placeOrder({ route: SENDS, key, body }, fix);
    this.#resume();
    if (!isRepeated) this.#begin(order);
    this.#host.wakeUp();
    return { order: order.number, repeated: isRepeated, held: !this.#host.mayRelease() };
  }

  #checkReady(): void {
    if (this.#isDraining) throw new RouteError(503, "the server drains: nothing new is made");
    if (!this.#host.isLedgerReady()) {
      throw new RouteError(503, "the ledger is still being read: try again once /ready says so");
    }
  }
}

function describe({ order, progress }: Funding): Record<string, unknown> {
  return { order: order.number, state: order.state, ...progress };
}
