import type { Log } from "../../cli/log.ts";
import { kinds } from "../../ledger/kinds/entry_kinds.ts";
import { Refusal, refusalName, Verdict } from "../../ledger/record/entry.ts";
import { LedgerState } from "../../ledger/ring/ledger_board.ts";
import type { OrderState } from "../../ledger/record/order_state.ts";
import {
  canonicalJson,
  MOST_ORDER_BYTES,
  orderIdentity,
  type OrderText,
  orderWords,
} from "../../ledger/record/order_text.ts";
import {
  entryOf,
  type NewOrder,
  type OrderRequest,
  type PlacedOrder,
  type Placement,
  RouteError,
} from "../../plugin/plugin.ts";
import type { HostEntries } from "./host_entries.ts";
import { HostOrder } from "./host_order.ts";

/** Most characters of an idempotency key, and most orders of a list. */
const MAX_KEY = 1_024;
const MAX_LISTED = 1_000;

/** What the orders of a host need of it. */
export interface PlacedOrdersParts {
  readonly entries: HostEntries;
  readonly log: Log;
  /** What was ordered before this start; known once the ledger is ready. */
  readonly states: () => readonly OrderState[];
  readonly ledgerState: () => LedgerState;
  readonly wallMs: () => number;
  /** Whether nothing comes of any of them now, since the clock is off. */
  readonly isHeld: () => boolean;
  count(metric: string, by: number): void;
}

/** Operators' orders: each is an entry before anybody hears of it or acts on it, and comes back at every start. */
export class PlacedOrders {
  isDraining = false;
  readonly #parts: PlacedOrdersParts;
  #byNumber: Map<number, HostOrder> | undefined;
  readonly #byIdentity = new Map<string, HostOrder>();

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
    const { fixed = null, packets = 0, funds } = fix();
    const whole: OrderText = {
      ...text,
      fixed,
      packets,
      ...(funds === undefined ? {} : { funds }),
      atMs: this.#parts.wallMs(),
    };
    const { words, bytes } = orderWords(whole);
    if (bytes > MOST_ORDER_BYTES) throw new RouteError(422, `an order has at most ${MOST_ORDER_BYTES} bytes`);
    // Waits for as long as the disk does: nobody is told anything about an order that may be durable or not.
    const { verdict, detail, packetId } = await this.#parts.entries.enter(
      entryOf(kinds.order, { bytes }),
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
    await this.#parts.entries.enter(entryOf(kinds.endOrder, { number }));
    order.end();
    return order.shown;
  }

  /** The newest orders, newest first. */
  list(): unknown {
    this.#refuseUnread();
    const all = [...this.#all().values()];
    return {
      count: all.length,
      held: this.#parts.isHeld(),
      orders: all.slice(-MAX_LISTED).reverse().map(({ shown }) => shown),
    };
  }

  #all(): Map<number, HostOrder> {
    if (this.#byNumber !== undefined) return this.#byNumber;
    this.#byNumber = new Map();
    for (const state of this.#parts.states()) {
      const order = this.#add(state.number, JSON.parse(state.json), state);
      if (state.isEnded) order.end();
    }
    return this.#byNumber;
  }

  #add(number: number, text: OrderText, before?: OrderState): HostOrder {
    const order = new HostOrder(number, text, before, this.#onChange);
    this.#byNumber!.set(number, order);
    if (text.key !== null) this.#byIdentity.set(orderIdentity(text), order);
    this.#parts.count("ordersRunning", 1);
    if (before !== undefined) return order;
    const { plugin, route, key, body } = text;
    this.#parts.count("ordersPlaced", 1);
    this.#parts.log("info", "order placed", { plugin, order: number, route, key, body });
    return order;
  }

  readonly #onChange = (order: HostOrder, was: PlacedOrder["state"]): void => {
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

/** The same request again. @throws RouteError if the body is another one */
function repeated(order: HostOrder, body: unknown): Placement {
  if (canonicalJson(body) === canonicalJson(order.body)) return { order, isRepeated: true };
  throw new RouteError(409, `this Idempotency-Key came with another body before: see order ${order.number}`);
}

function checkedKey(key: string | undefined): string | undefined {
  if (key === "" || (key?.length ?? 0) > MAX_KEY) {
    throw new RouteError(400, `Idempotency-Key: must have 1 to ${MAX_KEY} characters`);
  }
  return key;
}
