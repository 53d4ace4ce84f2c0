import type { Log } from "../cli/log.ts";
import { EntryKind, Refusal, refusalName, Verdict } from "../ledger/entry.ts";
import { LedgerState } from "../ledger/ledger_board.ts";
import type { OrderState } from "../ledger/order_state.ts";
import {
  canonicalJson,
  MOST_ORDER_BYTES,
  orderIdentity,
  type OrderText,
  orderWords,
} from "../ledger/order_text.ts";
import {
  EMPTY_ENTRY,
  type NewOrder,
  type OrderRequest,
  type PlacedOrder,
  type Placement,
  RouteError,
} from "../plugin/plugin.ts";
import type { HostEntries } from "./host_entries.ts";

/** Most characters of an idempotency key, and most orders of a list. */
const MOST_KEY = 1_024;
const MOST_LISTED = 1_000;

/** What the orders of a host need of it. */
export interface PlacedOrdersParts {
  readonly entries: HostEntries;
  readonly log: Log;
  /** What was ordered before this start; known once the ledger is ready. */
  readonly states: () => readonly OrderState[];
  readonly ledgerState: () => LedgerState;
  readonly wallMs: () => number;
  count(metric: string, by: number): void;
}

/** Operators' orders: each is an entry before anybody hears of it or acts on it, and comes back at every start. */
export class PlacedOrders {
  isDraining = false;
  readonly #parts: PlacedOrdersParts;
  #byNumber: Map<number, Placed> | undefined;
  readonly #byIdentity = new Map<string, Placed>();

  constructor(parts: PlacedOrdersParts) {
    this.#parts = parts;
  }

  /** A plugin's orders, oldest first. */
  of(plugin: string): PlacedOrder[] {
    return [...this.#all().values()].filter((order) => order.plugin === plugin);
  }

  /** Places an order, or finds the one that its key has placed. See `HostContext.placeOrder`. */
  async place(plugin: string, request: OrderRequest, fix: () => NewOrder): Promise<Placement> {
    const key = checkedKey(request.key);
    const text = { plugin, route: request.route, key: key ?? null, body: request.body };
    this.#refuseUnread();
    const before = key === undefined ? undefined : this.#byIdentity.get(orderIdentity(text));
    if (before !== undefined) return repeated(before, request.body);
    this.#refuseNew();
    const { fixed = null, packets = 0 } = fix();
    const whole: OrderText = { ...text, fixed, packets, atMs: this.#parts.wallMs() };
    const { words, bytes } = orderWords(whole);
    if (bytes > MOST_ORDER_BYTES) throw new RouteError(422, `an order has at most ${MOST_ORDER_BYTES} bytes`);
    // Waits for as long as the disk does: nobody is told anything about an order that may be durable or not.
    const { verdict, detail, packetId } = await this.#parts.entries.enter(
      { ...EMPTY_ENTRY, kind: EntryKind.order, count: bytes },
      words,
    );
    const first = this.#all().get(packetId);
    if (verdict === Verdict.doneBefore || detail === Refusal.keyTaken) return repeated(first!, request.body);
    if (verdict !== Verdict.done) {
      throw new RouteError(422, `the ledger refuses the order (${refusalName(detail)})`);
    }
    return { order: this.#add(packetId, JSON.parse(canonicalJson(whole))), isRepeated: false };
  }

  /** Nothing more is made for an order. What it made stays. */
  async end(number: number): Promise<unknown> {
    this.#refuseUnread();
    const order = this.#all().get(number);
    if (order === undefined) throw new RouteError(404, `there is no order ${number}: see GET /orders`);
    if (order.state !== "running" && order.state !== "failed") {
      throw new RouteError(409, `order ${number} is ${order.state}`);
    }
    this.#refuseNew();
    await this.#parts.entries.enter({ ...EMPTY_ENTRY, kind: EntryKind.endOrder, packetId: number });
    order.end();
    return order.shown;
  }

  /** The newest orders, newest first. */
  list(): unknown {
    this.#refuseUnread();
    const all = [...this.#all().values()];
    return { count: all.length, orders: all.slice(-MOST_LISTED).reverse().map(({ shown }) => shown) };
  }

  #all(): Map<number, Placed> {
    if (this.#byNumber !== undefined) return this.#byNumber;
    this.#byNumber = new Map();
    for (const state of this.#parts.states()) {
      const order = this.#add(state.number, JSON.parse(state.json), state);
      if (state.isEnded) order.end();
    }
    return this.#byNumber;
  }

  #add(number: number, text: OrderText, before?: OrderState): Placed {
    const order = new Placed(number, text, before, this.#onChange);
    this.#byNumber!.set(number, order);
    if (text.key !== null) this.#byIdentity.set(orderIdentity(text), order);
    this.#parts.count("ordersRunning", 1);
    if (before !== undefined) return order;
    const { plugin, route, key, body } = text;
    this.#parts.count("ordersPlaced", 1);
    this.#parts.log("info", "order placed", { plugin, order: number, route, key, body });
    return order;
  }

  readonly #onChange = (order: Placed, was: PlacedOrder["state"]): void => {
    const { number, route, state, reason } = order;
    if (was === "running") this.#parts.count("ordersRunning", -1);
    if (state !== "failed") return;
    this.#parts.count("ordersFailed", 1);
    this.#parts.log("error", "order failed", { order: number, route, reason });
  };

  /** @throws RouteError if nothing can be ordered now */
  check(): void {
    this.#refuseUnread();
    this.#refuseNew();
  }

  #refuseUnread(): void {
    if (this.#parts.ledgerState() !== LedgerState.starting) return;
    throw new RouteError(503, "the ledger is still being read: try again once /ready says so");
  }

  #refuseNew(): void {
    if (this.isDraining) throw new RouteError(503, "the server drains: nothing new is made");
    if (this.#parts.ledgerState() !== LedgerState.failing) return;
    throw new RouteError(
      503,
      "the ledger's disk fails, so nothing was ordered: try again once /ready says so",
    );
  }
}

type OnChange = (order: Placed, was: PlacedOrder["state"]) => void;

/** One order, as its plugin and its operator see it. */
class Placed implements PlacedOrder {
  readonly number: number;
  readonly plugin: string;
  readonly route: string;
  readonly key: string | undefined;
  readonly body: unknown;
  readonly fixed: unknown;
  readonly before: OrderState | undefined;
  progress: () => Record<string, unknown> = () => ({});
  reason: string | undefined;
  readonly #atMs: number;
  readonly #onChange: OnChange;
  #state: PlacedOrder["state"] = "running";

  constructor(number: number, text: OrderText, before: OrderState | undefined, onChange: OnChange) {
    this.number = number;
    this.plugin = text.plugin;
    this.route = text.route;
    this.key = text.key ?? undefined;
    this.body = text.body;
    this.fixed = text.fixed;
    this.before = before;
    this.#atMs = text.atMs;
    this.#onChange = onChange;
  }

  get state(): PlacedOrder["state"] {
    return this.#state;
  }

  get shown(): Record<string, unknown> {
    const { number, route, key, body, state, reason } = this;
    return {
      order: number,
      route,
      ...(key === undefined ? {} : { key }),
      body,
      at: new Date(this.#atMs).toISOString(),
      state,
      ...(reason === undefined ? {} : { reason }),
      ...this.progress(),
    };
  }

  end(): void {
    this.#become("stopped");
  }

  finish(): void {
    if (this.#state === "running") this.#become("done");
  }

  fail(reason: string): void {
    if (this.#state !== "running") return;
    this.reason = reason;
    this.#become("failed");
  }

  #become(state: PlacedOrder["state"]): void {
    const was = this.#state;
    this.#state = state;
    this.#onChange(this, was);
  }
}

/** The same request again. @throws RouteError if the body is another one */
function repeated(order: Placed, body: unknown): Placement {
  if (canonicalJson(body) === canonicalJson(order.body)) return { order, isRepeated: true };
  throw new RouteError(409, `this Idempotency-Key came with another body before: see order ${order.number}`);
}

function checkedKey(key: string | undefined): string | undefined {
  if (key === "" || (key?.length ?? 0) > MOST_KEY) {
    throw new RouteError(400, `Idempotency-Key: must have 1 to ${MOST_KEY} characters`);
  }
  return key;
}
