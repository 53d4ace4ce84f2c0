import type { OrderState } from "../../ledger/record/order_state.ts";

/** What an operator asks for. */
export interface OrderRequest {
  /** Method and path of the route, such as `POST /dice`. */
  readonly route: string;
  /** The request's `Idempotency-Key`. It belongs to the route. */
  readonly key: string | undefined;
  /** As the route's schema has read it; JSON of a few KiB at most. */
  readonly body: unknown;
}

/** What a plugin fixes when it accepts an order, so that whoever resumes it does the same: JSON. */
export interface NewOrder {
  readonly fixed?: unknown;
  /** Most packets that are made for it; the ledger refuses more. None if absent. */
  readonly packets?: number;
  /** Users who each get money for it, and how much in fen; the ledger gives no other. Nobody if absent. */
  readonly funds?: { readonly first: number; readonly last: number; readonly amountFen: number };
}

/** An operator's order that is durable, on a host whose ledger lasts. */
export interface PlacedOrder {
  /** Names it in entries: the `order` of a mint, the `tag` of a funding. */
  readonly number: number;
  readonly route: string;
  readonly key: string | undefined;
  readonly body: unknown;
  readonly fixed: unknown;
  /** How far it had come when this process started; undefined if it was placed later. */
  readonly before: OrderState | undefined;
  /** `failed`: the ledger refuses what it wants; the next start tries again. `stopped`: by an operator, for good. */
  readonly state: "running" | "done" | "failed" | "stopped";
  /** What is shown besides, such as how much is done. */
  progress: () => Record<string, unknown>;
  finish(): void;
  /** Logs and counts it. */
  fail(reason: string): void;
}

/** How a request for an order went. */
export interface Placement {
  readonly order: PlacedOrder;
  /** It was placed before: nothing is to be begun. */
  readonly isRepeated: boolean;
}
